/** Every error code, with what to do. `docs/errors.md` holds exactly this set (tested). */
export const ERROR_CODES = {
  CRS_FILE_NOT_FOUND: 'The file is not there or cannot be read. Check the path and its permissions.',
  CRS_TRACE_MALFORMED:
    'A row of a series file is not `timestamp,value`. Fix the row, or pass --skip-bad-rows to leave such rows out and count them.',
  CRS_TRACE_TOO_SHORT: 'The series holds too few samples for what was asked.',
  CRS_DOCUMENT_INVALID:
    'A policy, configuration or resource does not follow its schema. The message names the field and what is expected.',
  CRS_PORT_TAKEN:
    'The port, and those after it, are taken by other programs. Choose another with --port (server.port of the configuration for crescendo run), or 0 for any.',
  CRS_NOT_INITIALIZED:
    'The library was asked for something before `await manager.initialize()`, or after `shutdown()`. Initialize it first.',
  CRS_UNKNOWN_SERVICE:
    'No service has this name. The message lists those that there are; `namespace/name` tells two of one name apart.',
  CRS_USAGE: 'The command line is not understood. `crescendo COMMAND --help` lists what is.',
  CRS_KUBECONFIG:
    'No usable way to the API server: the kubeconfig is missing, malformed or asks for what is refused. The message names the file and the remedy.',
  CRS_CLUSTER:
    'The API server did not answer, or refused. The message says what was asked of it; check the address, the rights, and that the CRDs are installed.',
  CRS_STORE_UNAVAILABLE:
    'The store cannot be opened or written: permissions, a lock of another process, a server that does not answer, a full disk. The message says which.',
  CRS_STORE_NEWER:
    'The store was written by a newer version of Crescendo. Run that version, or name another store; going back is not supported.',
  CRS_MODEL:
    'A model of your own cannot be used: its runtime is not installed, the file is no ONNX model, or its tensors are not those of docs/own-models.md. The message says which.',
  CRS_SECRET_MISSING:
    'A secret that the configuration names is not there or is empty. Set the environment variable, or write the file, that the message names.',
  CRS_REVISION_SEAL:
    'A learnt revision does not carry the seal of its content: it was changed after it was written, or another key wrote it. Use the key that wrote it, or begin a new file with `crescendo policies learn`.',
  CRS_REVISION_CONFLICT:
    'Two commands worked on the same revisions: another holds the lock, has written meanwhile, or has given the same number. The message says which, and what to do.',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** The one error that edges throw: one clear line for a person, a code for a machine, and the cause for the log. */
export class CrescendoError extends Error {
  readonly code: ErrorCode
  override readonly name = 'CrescendoError'

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder, a file is needed',
  ENOTDIR: 'a part of the path is a file, a folder is needed',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'it is a device or socket, a file is needed',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the disk',
}

/** Whether a call of `node:fs` failed for what the path is, so that a sentence about the path helps. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error && String(error.code) in FILE_PROBLEMS
}

/** A failed `node:fs` call as the one line that a person reads: "traces/may.csv: no such file or folder". */
export function fileError(error: NodeJS.ErrnoException, path = error.path ?? 'file'): CrescendoError {
  return new CrescendoError('CRS_FILE_NOT_FOUND', `${path}: ${FILE_PROBLEMS[error.code ?? ''] ?? error.message}`, {
    cause: error,
  })
}
