import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cacheFolder, controlPlaneBinaries, missingPrograms } from './control-plane-binaries.ts'

let folder: string
let said: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crescendo-binaries-'))
  said = []
  vi.spyOn(process.stderr, 'write').mockImplementation(text => said.push(String(text)) > 0)
  // No Go anywhere: nothing here may start a build.
  vi.stubEnv('PATH', folder)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function withPrograms(to: string, leaveOut: readonly string[] = []): string {
  mkdirSync(to, { recursive: true })
  for (const program of missingPrograms(to)) if (!leaveOut.includes(program)) writeFileSync(join(to, program), '')
  return to
}

test('a folder in KUBEBUILDER_ASSETS that has every program comes first', async () => {
  const assets = withPrograms(join(folder, 'assets'))
  withPrograms(cacheFolder({ XDG_CACHE_HOME: folder }))
  const found = await controlPlaneBinaries({ KUBEBUILDER_ASSETS: assets, XDG_CACHE_HOME: folder })
  expect(found).toEqual({ folder: assets, source: 'KUBEBUILDER_ASSETS' })
})

test('a bundle without controller manager and scheduler is passed over for the cache, and what it lacks is said', async () => {
  const assets = withPrograms(join(folder, 'assets'), ['kube-controller-manager', 'kube-scheduler'])
  const cache = withPrograms(cacheFolder({ XDG_CACHE_HOME: folder }))
  const found = await controlPlaneBinaries({ KUBEBUILDER_ASSETS: assets, XDG_CACHE_HOME: folder })
  expect(found).toEqual({ folder: cache, source: 'cache' })
  expect(said.join('')).toMatch(/lacks kube-controller-manager, kube-scheduler; looking in the cache/)
})

test('without programs and without Go it fails with both places and what to install, and leaves nothing behind', async () => {
  const cache = cacheFolder({ XDG_CACHE_HOME: folder })
  await expect(controlPlaneBinaries({ XDG_CACHE_HOME: folder })).rejects.toThrow(
    /neither in KUBEBUILDER_ASSETS nor in .*kubernetes-v[\d.]+-etcd-v[\d.]+.*no `go` on PATH.*Install Go/s,
  )
  expect(readdirSync(dirname(cache))).toEqual([])
})

test('a lock whose builder is gone does not hold up the next one', async () => {
  const cache = cacheFolder({ XDG_CACHE_HOME: folder })
  mkdirSync(dirname(cache), { recursive: true })
  writeFileSync(`${cache}.lock`, '999999999')
  await expect(controlPlaneBinaries({ XDG_CACHE_HOME: folder })).rejects.toThrow(/no `go` on PATH/)
})
