import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Piscina } from 'piscina'
import { CrescendoError, isFileError } from '../errors.ts'
import type { Answer, Described, Question } from './model-task.ts'

/** A forecasting model of the user's own. */
export interface OwnModel {
  /** Of the file, without its ending. */
  readonly name: string
  /** How many steps it looks back. */
  readonly context: number
  /** How many steps ahead it tells. */
  readonly horizon: number
  /** Forecasts for rows of `context` values each, `horizon` values a row. Rejects with one clear line. */
  forecast(history: Float32Array): Promise<Float32Array>
  close(): Promise<void>
}

export interface OpenModelOptions {
  /** How long opening, and each call, may take. Default 10 s. */
  readonly limitMs?: number
}

const LIMIT_MS = 10_000
/** Of the heap of its thread; tensors live outside of it. */
const HEAP_MIB = 128
const LARGEST_BYTES = 64 * 1024 * 1024
const [LONGEST_CONTEXT, LONGEST_HORIZON] = [4096, 1024]

/**
 * Opens an ONNX file and tries it: one input `history` of float32 `[rows, context]`, one output `forecast` of float32 `[rows, horizon]`,
 * with `context` and `horizon` fixed. Throws CrescendoError where the runtime is not installed, the file is none, or has other tensors.
 */
export async function openModel(file: string, { limitMs = LIMIT_MS }: OpenModelOptions = {}): Promise<OwnModel> {
  checkFile(file)
  checkRuntime()
  const thread = new Piscina({
    filename: taskUrl().href,
    minThreads: 1,
    maxThreads: 1,
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  })
  const ask = async (question: Omit<Question, 'file'>): Promise<Answer> => {
    const limit = AbortSignal.timeout(limitMs)
    try {
      return await thread.run({ file: resolve(file), ...question }, { name: 'answer', signal: limit })
    } catch (cause) {
      const why = limit.aborted ? `it took longer than ${limitMs / 1000} s, and was ended` : messageOf(cause)
      throw new CrescendoError('CRS_MODEL', `${file}: ${why}`, { cause })
    }
  }
  try {
    const { context, horizon } = shapeOf(file, await ask({}))
    const forecast = async (history: Float32Array) => {
      const { forecast: told } = await ask({ history, context })
      return checked(file, told, { rows: history.length / context, horizon })
    }
    await forecast(new Float32Array(2 * context).fill(1))
    return { name: basename(file).replace(/\.onnx$/, ''), context, horizon, forecast, close: () => thread.destroy() }
  } catch (cause) {
    await thread.destroy()
    throw cause
  }
}

function checkFile(file: string): void {
  try {
    const found = statSync(file)
    const size = `${Math.round(found.size / 1024 / 1024)} MiB`
    if (!found.isFile()) throw new CrescendoError('CRS_MODEL', `${file}: found no regular file, expected an ONNX model`)
    if (found.size > LARGEST_BYTES)
      throw new CrescendoError(
        'CRS_MODEL',
        `${file}: found ${size}, expected a model of at most ${LARGEST_BYTES / 1024 / 1024} MiB`,
      )
  } catch (cause) {
    if (!isFileError(cause)) throw cause
    throw new CrescendoError('CRS_FILE_NOT_FOUND', `${file}: cannot be read (${cause.code})`, { cause })
  }
}

function checkRuntime(): void {
  try {
    import.meta.resolve('onnxruntime-node')
  } catch (cause) {
    const how = 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'
    throw new CrescendoError('CRS_MODEL', `an own model needs the package onnxruntime-node, which is not installed: ${how}`, {
      cause,
    })
  }
}

function shapeOf(file: string, { inputs, outputs }: Answer): { readonly context: number; readonly horizon: number } {
  const context = sizeOf(file, { tensors: inputs, name: 'history', side: 'input', largest: LONGEST_CONTEXT })
  const horizon = sizeOf(file, { tensors: outputs, name: 'forecast', side: 'output', largest: LONGEST_HORIZON })
  return { context, horizon }
}

interface Expected {
  readonly tensors: readonly Described[]
  readonly name: string
  readonly side: 'input' | 'output'
  readonly largest: number
}

/** The second dimension of the only tensor on that side. */
function sizeOf(file: string, { tensors, name, side, largest }: Expected): number {
  const [only, ...others] = tensors
  const width = only?.dimensions[1]
  const isRight = only?.name === name && only.type === 'float32' && only.dimensions.length === 2 && others.length === 0
  if (isRight && typeof width === 'number' && width >= 1 && width <= largest) return width
  const found = tensors.map(one => `${one.name}: ${one.type} [${one.dimensions.join(', ')}]`).join('; ') || 'none'
  const expected = `one ${side} ${name}: float32 [rows, n] with a fixed n of 1 to ${largest}`
  throw new CrescendoError('CRS_MODEL', `${file}: found ${side} ${found}, expected ${expected}`)
}

interface Rows {
  readonly rows: number
  readonly horizon: number
}

function checked(file: string, told: Float32Array | undefined, { rows, horizon }: Rows): Float32Array {
  if (told?.length === rows * horizon) return told
  throw new CrescendoError('CRS_MODEL', `${file}: ${rows} rows gave ${told?.length ?? 0} values, expected ${rows * horizon}`)
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message.split('\n')[0]! : String(cause))

/** The compiler renames imports but not this: from sources the file is .ts, from dist .js. */
function taskUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './model-task.ts' : './model-task.js', import.meta.url)
}
