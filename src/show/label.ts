import type { FastifyInstance } from 'fastify'
import { inputs } from './contract.ts'
import { type Facts, idOf } from './facts.ts'
import { HttpError } from './problem.ts'
import { authorise } from './push.ts'
import { findWorkload } from './routes.ts'

export const LABEL_PATH = '/api/v1/workloads/:namespace/:name/anomalies/:start/label'
export const LABEL_SUMMARY = 'Say whether an anomaly was worth being told; it moves the threshold of alarms of its kind'

const NOBODY = 'this server keeps no anomalies, so there is nothing to label'

/** Protected as pushes are: it changes what people are told. */
export function registerLabels(app: FastifyInstance, facts: Facts, token: string | undefined): void {
  app.post(
    LABEL_PATH,
    { onRequest: async request => authorise(app, request, { token, what: 'labels are taken' }) },
    async request => {
      const params = understood(inputs.episode.safeParse(request.params), 'the path')
      const { label, kind } = understood(inputs.label.safeParse(request.body), 'the body')
      const id = idOf(findWorkload(facts, params))
      if (facts.labelAnomaly === undefined) throw new HttpError(501, NOBODY)
      if (facts.controller?.().isLeader === false) throw new HttpError(409, 'this process stands by; label at the leader')
      const labelled = await facts.labelAnomaly(id, { startAt: Date.parse(params.start), label, ...(kind && { kind }) })
      if (labelled > 0) return { labelled }
      throw new HttpError(404, `no anomaly of ${id} began at ${params.start}; GET …/anomalies lists what there is`)
    },
  )
}

type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | {
      readonly success: false
      readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }
    }

function understood<T>(result: Parsed<T>, what: string): T {
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new HttpError(400, `${issue?.path.join('.') || what}: ${issue?.message ?? 'not understood'}`)
}
