import { z } from 'zod'
import { metadata } from '../resources/fields.ts'
import { behavior } from '../resources/upstream.ts'

/** What is read of a KEDA ScaledObject (keda.sh/v1alpha1). Fields that are not listed are named as left out, not refused. */

const count = z.int().min(0).max(2_147_483_647)

const trigger = z.looseObject({
  type: z.string().min(1),
  name: z.string().exactOptional(),
  metricType: z.string().exactOptional(),
  /** Text in KEDA's own schema; numbers and booleans are what people write, and mean the same. */
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).exactOptional(),
  authenticationRef: z.looseObject({ name: z.string() }).exactOptional(),
})

export const scaledObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal('ScaledObject'),
  metadata,
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({
      apiVersion: z.string().exactOptional(),
      kind: z.string().exactOptional(),
      name: z.string().min(1),
    }),
    pollingInterval: count.exactOptional(),
    cooldownPeriod: count.exactOptional(),
    minReplicaCount: count.exactOptional(),
    maxReplicaCount: count.exactOptional(),
    advanced: z
      .looseObject({
        horizontalPodAutoscalerConfig: z.looseObject({ behavior: behavior.exactOptional() }).exactOptional(),
        restoreToOriginalReplicaCount: z.boolean().exactOptional(),
      })
      .exactOptional(),
    triggers: z.array(trigger).min(1),
  }),
})

export type ScaledObject = z.infer<typeof scaledObject>
export type Trigger = z.infer<typeof trigger>
