import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cacheFolder, missingPrograms } from './control-plane-binaries.ts'
import { whatIsMissing } from './what-is-missing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crescendo-missing-'))
  // No Go anywhere.
  vi.stubEnv('PATH', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const controlPlane = (environment: NodeJS.ProcessEnv) =>
  whatIsMissing(environment).filter(line => line.startsWith('a control plane'))

test('a control plane is missing where neither place has one and no Go could build it', () => {
  expect(controlPlane({ XDG_CACHE_HOME: folder })).toEqual([
    'a control plane: neither KUBEBUILDER_ASSETS nor the cache has one, and there is no Go to build it',
  ])
})

test('a control plane in the cache needs no Go', () => {
  const cache = cacheFolder({ XDG_CACHE_HOME: folder })
  mkdirSync(cache, { recursive: true })
  for (const program of missingPrograms(cache)) writeFileSync(join(cache, program), '')
  expect(controlPlane({ XDG_CACHE_HOME: folder })).toEqual([])
})

test('a build that failed just now is not tried again, and its reason is what is told', () => {
  const lacks = controlPlane({ XDG_CACHE_HOME: folder, E2E_NO_CONTROL_PLANE: 'it could not be built' })
  expect(lacks).toEqual(['a control plane: it could not be built'])
})

test('a program that is not on PATH is told with the package that has it', () => {
  expect(whatIsMissing({ XDG_CACHE_HOME: folder })).toContain('openssl: apt-get install openssl')
})
