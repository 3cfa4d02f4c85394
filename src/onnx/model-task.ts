import { InferenceSession, Tensor } from 'onnxruntime-node'

/** What the thread of `open-model.ts` is asked. The first question opens the file. */
export interface Question {
  readonly file: string
  /** Rows of `context` values one after the other; absent: only the shape is asked for. */
  readonly history?: Float32Array
  readonly context?: number
}

/** Dimensions that the file declares; a name or -1 where it leaves one open. */
type Dimensions = readonly (number | string)[]

export interface Answer {
  readonly inputs: readonly Described[]
  readonly outputs: readonly Described[]
  readonly forecast?: Float32Array
}

export interface Described {
  readonly name: string
  readonly type: string
  readonly dimensions: Dimensions
}

let opened: { readonly file: string; readonly session: InferenceSession } | undefined

/** Runs in a thread of its own: a model that never ends, or eats the heap, ends with it and with nothing else. */
export async function answer({ file, history, context = 0 }: Question): Promise<Answer> {
  if (opened?.file !== file) {
    const session = await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 })
    opened = { file, session }
  }
  const { session } = opened
  const told = { inputs: session.inputMetadata.map(described), outputs: session.outputMetadata.map(described) }
  if (history === undefined) return told
  const rows = history.length / context
  const result = await session.run({ history: new Tensor('float32', history, [rows, context]) })
  return { ...told, forecast: result.forecast!.data as Float32Array } // its type was checked when the model was opened
}

function described(one: InferenceSession.ValueMetadata): Described {
  return one.isTensor
    ? { name: one.name, type: one.type, dimensions: one.shape }
    : { name: one.name, type: 'no tensor', dimensions: [] }
}
