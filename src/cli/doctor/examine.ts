import type { Case, Check, House, Outcome } from './check.ts'
import { WORKLOAD_CHECKS } from './checks.ts'
import { CONTROLLER_CHECKS } from './controller-checks.ts'

/** What one check came to for one subject: "controller", or "namespace/name". */
export type Result = { readonly subject: string } & Pick<Check<never>, 'name' | 'trouble' | 'asks'> & Outcome

/** Every check of the controller, and every check of every workload. */
export async function examine(house: House, cases: AsyncIterable<Case>): Promise<readonly Result[]> {
  const results = CONTROLLER_CHECKS.map(check => resultOf(check, house, 'controller'))
  for await (const known of cases) {
    const { namespace, name } = known.workload
    results.push(...WORKLOAD_CHECKS.map(check => resultOf(check, known, `${namespace}/${name}`)))
  }
  return results
}

function resultOf<Subject>({ name, trouble, asks, examine: judge }: Check<Subject>, of: Subject, subject: string): Result {
  return { subject, name, trouble, asks, ...judge(of) }
}
