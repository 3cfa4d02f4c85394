import type { Case, Check, House, Outcome } from './check.ts'
import { WORKLOAD_CHECKS } from './checks.ts'
import { CONTROLLER_CHECKS } from './controller-checks.ts'

/** What one check came to for one subject: "controller", or "namespace/name". */
export type Result = { readonly subject: string } & Pick<Check<never>, 'name' | 'trouble' | 'asks'> & Outcome

/** Every check of the controller, and every check of every workload. */
export function examine(house: House, cases: readonly Case[]): readonly Result[] {
  return [
    ...CONTROLLER_CHECKS.map(check => resultOf(check, house, 'controller')),
    ...cases.flatMap(known => {
      const { namespace, name } = known.workload
      return WORKLOAD_CHECKS.map(check => resultOf(check, known, `${namespace}/${name}`))
    }),
  ]
}

function resultOf<Subject>({ name, trouble, asks, examine: judge }: Check<Subject>, of: Subject, subject: string): Result {
  return { subject, name, trouble, asks, ...judge(of) }
}
