/**
 * The walls of the house as data: which room may import from which. A room is a folder under src/ or a single file there;
 * `*` stands for everything. `docs/architecture.md` tells the same in words.
 */
export const ROOMS: Readonly<Record<string, readonly string[] | '*'>> = {
  core: [],
  errors: [],
  ports: ['core'],
  circuit: ['ports'],
  loop: ['core', 'ports'],
  store: ['core', 'ports', 'errors'],
  kube: ['core', 'ports', 'errors', 'circuit'],
  observe: ['core', 'ports', 'errors', 'circuit', 'kube', 'resources'],
  resources: ['core', 'errors'],
  act: ['core', 'ports', 'errors', 'kube'],
  record: ['core', 'ports', 'errors', 'kube', 'resources'],
  learn: ['core', 'ports', 'errors', 'loop', 'sim'],
  onnx: ['core', 'errors'],
  controller: ['core', 'ports', 'errors', 'loop', 'kube', 'observe', 'resources', 'act', 'record', 'store'],
  manifests: ['core', 'errors', 'resources'],
  migrate: ['core', 'errors', 'resources'],
  page: ['core'],
  sim: ['core', 'ports', 'errors', 'loop', 'store', 'page'],
  show: ['core', 'ports', 'errors', 'circuit', 'sim'],
  index: '*',
  policies: '*',
  metrics: '*',
  manager: '*',
  cli: '*',
}

/** What `core/` may not name: it is told the time, it never waits, and it does no I/O. */
const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/, 'Date.now'],
  [/\bnew\s+Date\b/, 'new Date'],
  [/\bMath\s*\.\s*random\b/, 'Math.random'],
  [/\b(?:async|await)\b/, 'async or await'],
  [/(?<![.\w])process\b/, 'process'],
  [/(?<![.\w])console\b/, 'console'],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'a timer'],
  [/(?<![.\w])performance\b/, 'performance'],
  [/(?<![.\w])fetch\b/, 'fetch'],
  [/(?<![.\w])crypto\b/, 'crypto'],
  [/(?<![.\w])globalThis\b/, 'globalThis'],
  [/\b(?:getHours|getDay|getDate|getMonth|getTimezoneOffset|toLocale(?:Date|Time)String)\b/, 'the time zone of the machine'],
  [/\btoLocale\w*\(\s*\)/, 'the language of the machine'],
]

/** A source file: its path from the repository root with forward slashes, and its text. */
export interface Source {
  readonly path: string
  readonly text: string
}

/**
 * Everything one file under src/ does against the walls, one line each, with the file's name. Tests beside the code keep
 * the direction of imports too, but may use packages, clocks and `await`.
 */
export function violations({ path, text }: Source): readonly string[] {
  const room = roomOf(path)
  const allowed = ROOMS[room]
  if (allowed === undefined) return [`${path}: src/${room} is not a room; add it to ROOMS in test/layers.ts`]
  const isTest = path.endsWith('.test.ts')
  const bare = withoutComments(text)
  const found = importsOf(bare).flatMap(specifier => {
    if (specifier.startsWith('.')) return crossing(path, specifier, allowed)
    return room === 'core' && !isTest ? [`${path}: core imports the package ${specifier}`] : []
  })
  if (room !== 'core' || isTest) return found
  const code = withoutStrings(bare)
  return [...found, ...IMPURE.filter(([pattern]) => pattern.test(code)).map(([, what]) => `${path}: core uses ${what}`)]
}

function crossing(path: string, specifier: string, allowed: readonly string[] | '*'): readonly string[] {
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1)
  if (!target.startsWith('src/')) {
    const isTestOnly = path.endsWith('.test.ts') && target.startsWith('test/')
    return isTestOnly || target === 'package.json' ? [] : [`${path}: imports ${target}, which is outside src/`]
  }
  const [from, to] = [roomOf(path), roomOf(target)]
  return from === to || allowed === '*' || allowed.includes(to) ? [] : [`${path}: ${from} may not import ${to} (${target})`]
}

function roomOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/(?:\.test)?\.ts$/, '')
}

function importsOf(code: string): readonly string[] {
  const pattern = /(?:\bfrom|\bimport\s*\(?|\brequire\s*\()\s*['"]([^'"]+)['"]/g
  return [...code.matchAll(pattern)].map(match => match[1] ?? '')
}

/** A comment, a string, a template or a regular expression; a `/` is an expression only where a value may begin. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=(?:^|[=(,:[!&|?{};\n>]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])+\/[dgimsuvy]*/g

function withoutComments(text: string): string {
  return text.replace(TOKEN, token => (/^\/[/*]/.test(token) ? ' ' : token))
}

/** Strings go; what a template computes (`${...}`) is code and stays. */
function withoutStrings(code: string): string {
  return code.replace(TOKEN, token =>
    token.startsWith('`') ? [...token.matchAll(/\$\{([^}]*)\}/g)].map(match => `(${match[1]})`).join(' ') : "''",
  )
}
