import type { Service } from './service.ts'

export function demoServices(_seed: number): readonly Service[] {
  return []
}
