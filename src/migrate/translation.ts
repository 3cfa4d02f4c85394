import { CrescendoError } from '../errors.ts'
import type { ParsedDocument, Path } from '../resources/document-text.ts'
import type { HorizontalPodAutoscaler, MetricSource } from '../resources/documents.ts'
import { problemsOf } from '../resources/problems.ts'

/** One object to import, and where it stands. */
export interface ImportItem {
  /** The file, or "cluster" and the object's place in it. */
  readonly file: string
  readonly document: ParsedDocument
  /** Whether a line helps to find it: false for what was read from a cluster. */
  readonly hasLines: boolean
}

export interface ImportOptions {
  /** Of the imported objects. `Recommend` decides and records, and writes nothing, so the old scaler stays in charge. */
  readonly mode: 'Recommend' | 'Auto'
  /** A ScalingPolicy that every imported object follows. */
  readonly policy?: string
  /** For objects that name none. */
  readonly namespace?: string
}

/** Something that a person has to know about the translation. */
export interface Remark {
  /** "keda.yaml:14", or the object's place in the cluster. */
  readonly where: string
  readonly message: string
  /** Whether a part of the original is missing in the result; otherwise it is there, and somebody should look at it. */
  readonly leftOut: boolean
}

/** A document of the result, what it was made from, and what is to be said about it. */
export interface Draft {
  /** "hpa.yaml:1: HorizontalPodAutoscaler web of autoscaling/v2" */
  readonly from: string
  readonly document: HorizontalPodAutoscaler | MetricSource
  readonly remarks: readonly Remark[]
}

export type Metadata = HorizontalPodAutoscaler['metadata']
export type Spec = HorizontalPodAutoscaler['spec']

/** "keda.yaml:14" for the field at `path`. */
export function placeIn({ file, document, hasLines }: ImportItem, path: Path = []): string {
  return hasLines ? `${file}:${document.at(path).line}` : file
}

export function leftOut(where: string, message: string): Remark {
  return { where, message, leftOut: true }
}

export function toCheck(where: string, message: string): Remark {
  return { where, message, leftOut: false }
}

/** The object as its schema has it; throws its first problem as one line. */
export function accepted<T>(item: ImportItem, value: unknown, schema: Schema<T>): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const document = { ...item.document, value }
  const [first] = problemsOf(item.file, document, result.error.issues)
  const place = item.hasLines && first ? `${item.file}:${first.line}:${first.column}` : item.file
  throw new CrescendoError('CRS_DOCUMENT_INVALID', `${place}: ${first?.message ?? 'the document does not follow its schema'}`)
}

/** As much of a zod schema as is used here. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: Parameters<typeof problemsOf>[2] } }
}

const FOREIGN = /^(?:kubectl\.kubernetes\.io|meta\.helm\.sh|autoscaling\.alpha\.kubernetes\.io|[a-z]+\.keda\.sh)\//
const OWNERSHIP = ['app.kubernetes.io/managed-by', 'scaledobject.keda.sh/name']

/**
 * Name, namespace, labels and annotations of the original. What ties the original to its tool (last-applied, Helm's release, KEDA's
 * switches) is not carried over: the new object would be taken for the old one.
 */
export function keptMetadata({ name, namespace, labels, annotations }: Metadata, options: ImportOptions): Metadata {
  const place = namespace ?? options.namespace
  const keptLabels = keep(labels)
  const keptAnnotations = keep(annotations)
  return {
    name,
    ...(place !== undefined && { namespace: place }),
    ...(keptLabels && { labels: keptLabels }),
    ...(keptAnnotations && { annotations: keptAnnotations }),
  }
}

function keep(entries: Readonly<Record<string, string>> = {}): Record<string, string> | undefined {
  const kept = Object.entries(entries).filter(([key]) => !FOREIGN.test(key) && !OWNERSHIP.includes(key))
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}
