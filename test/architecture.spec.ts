import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'aegir/chai'

/** What one room may import from elsewhere. */
interface Room {
  /** Rooms, and files outside `src`, it may import anything of. */
  readonly values: readonly string[]
  /** Those it may import types of and nothing else. */
  readonly types: readonly string[]
  /** Outside packages; `*` stands for one part of a name. */
  readonly packages: readonly string[]
}

/** Who may import whom, from the middle outward. ARCHITECTURE.md prints the same table. */
const IMPORT_TABLE: Readonly<Record<string, Room>> = {
  domain: { values: [], types: [], packages: [] },
  ports: { values: [], types: ['domain'], packages: [] },
  signing: { values: ['domain', 'protocols/*/typed-data.ts'], types: ['ports'], packages: ['viem', '@noble/curves', 'secp256k1', '@bitauth/libauth'] },
  market: { values: ['domain'], types: [], packages: [] },
  trade: { values: ['domain'], types: [], packages: [] },
  agent: { values: ['domain'], types: [], packages: [] },
  config: { values: ['domain'], types: [], packages: ['typebox', 'yaml', 'node:crypto', 'node:fs', 'node:os', 'node:path', 'node:zlib'] },
  telemetry: { values: [], types: ['ports'], packages: [] },
  network: {
    values: ['domain', 'protocols/constants.ts', 'protocols/*/constants.ts', 'protocols/order/order.ts', 'protocols/trade/trade.ts', 'protocols/book-sync/book-sync.ts'],
    types: ['ports'],
    packages: ['libp2p', '@libp2p/*', '@chainsafe/*', '@multiformats/multiaddr', '@noble/curves', 'it-*', 'uint8arrays', 'uint8arraylist', 'datastore-level', 'multiformats', 'node:crypto', 'node:dgram', 'node:os', 'protons-runtime']
  },
  chain: {
    values: ['domain', 'ports', 'contracts/abi.ts', 'contracts/deployments.ts', 'contracts/receipts.ts'],
    types: [],
    packages: ['viem', 'node:child_process', 'node:fs', 'node:module', 'node:readline', 'node:stream', 'node:timers/promises']
  },
  store: { values: ['domain'], types: ['ports'], packages: ['level', 'node:crypto'] },
  drivers: {
    values: ['domain'],
    types: ['ports'],
    packages: [
      'home-assistant-js-websocket', 'modbus-serial', 'mqtt', 'multicast-dns', 'serialport', 'node:crypto', 'node:dgram', 'node:events',
      'node:fs/promises', 'node:http', 'node:net', 'node:path', 'node:timers/promises', 'node:tls'
    ]
  },
  simulator: { values: ['domain', 'signing'], types: ['ports'], packages: [] },
  node: {
    values: ['domain', 'signing', 'market', 'trade', 'agent', 'network', 'chain', 'store', 'drivers', 'protocols/*/constants.ts'],
    types: ['config', 'ports'],
    packages: ['node:crypto', 'node:os', 'node:path']
  },
  api: { values: ['domain'], types: ['ports', 'node'], packages: ['fastify', 'mqtt', 'node:crypto', 'node:fs/promises', 'node:net'] },
  practice: {
    values: ['domain', 'signing', 'config', 'chain', 'drivers', 'api'],
    types: ['node'],
    packages: ['node:child_process', 'node:crypto', 'node:fs/promises', 'node:path', 'node:timers/promises']
  },
  cli: {
    values: ['domain', 'signing', 'config', 'telemetry', 'chain', 'drivers', 'node', 'api', 'practice'],
    types: ['ports'],
    packages: [
      'commander', 'uqr', 'node:child_process', 'node:crypto', 'node:dgram', 'node:fs', 'node:fs/promises', 'node:net', 'node:os', 'node:path',
      'node:readline/promises', 'node:timers/promises', 'node:url', 'node:util'
    ]
  }
}

/** The middle: no clock, no chance, no world outside. */
const PURE_ROOMS = ['domain', 'signing', 'market', 'trade', 'agent']

/** Folders of which every file must be in an explicit list. */
const LISTED_FOLDERS = [
  { folder: 'src/market/mechanisms', list: 'src/market/mechanisms/index.ts', name: 'mechanisms' },
  { folder: 'src/agent/strategies', list: 'src/agent/strategies/index.ts', name: 'strategies' },
  { folder: 'src/drivers/devices', list: 'src/drivers/index.ts', name: 'drivers' }
]

/** Files that a program of ours writes. The compiler of protobuf files writes others, each beside its `.proto`, and gives them no headline. */
const GENERATED = ['contracts/abi.ts', 'docs/reference/configuration.md', 'docs/reference/cli.md']

interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
}

interface Import {
  readonly target: string
  readonly isType: boolean
}

/** What a rule found: the file and what is wrong with it. */
type Rule = (sources: readonly Source[]) => string[]

function read (path: string): Source {
  return { path, text: readFileSync(path, 'utf8') }
}

function sourcesIn (folder: string, recursive = true): Source[] {
  return readdirSync(folder, { recursive, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => read(join(folder, file).replaceAll('\\', '/')))
}

/** The code without its comments and the contents of its plain strings. */
function codeOf ({ text }: Source): string {
  const shortened: Record<string, string> = { '/': ' ', '\'': '\'\'' }
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, (found) => shortened[found[0]] ?? found)
}

function importsOf ({ text }: Source): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm
  return [...text.matchAll(statement)].map(([, type, from, bare, dynamic]) => ({ target: from ?? bare ?? dynamic, isType: type != null }))
}

function roomOf (path: string): string {
  const [top, room, file] = path.split('/')
  return top === 'src' && file != null ? room : path
}

/** `viem/accounts` is `viem`; `@libp2p/crypto/keys` is `@libp2p/crypto`; `node:` modules stay whole. */
function packageOf (target: string): string {
  return target.startsWith('node:') ? target : target.split('/').slice(0, target.startsWith('@') ? 2 : 1).join('/')
}

function matches (name: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/[.*]/g, (sign) => sign === '.' ? '\\.' : '[^/]+')}$`).test(name)
}

/** The entry of the table that lets `path` import this, or undefined. `types` lists allow types only. */
function permission (path: string, { target, isType }: Import, room: Room): string | undefined {
  if (!target.startsWith('.')) {
    return room.packages.find((pattern) => matches(packageOf(target), pattern))
  }
  const file = join(dirname(path), target).replaceAll('\\', '/')
  const name = file.startsWith('src/') ? roomOf(file) : file
  return [...room.values, ...isType ? room.types : []].find((pattern) => matches(name, pattern))
}

const isWithinRoom = (path: string, { target }: Import): boolean =>
  target.startsWith('.') && roomOf(join(dirname(path), target).replaceAll('\\', '/')) === roomOf(path)

const importsStayInTheTable: Rule = (sources) => sources.filter(({ path }) => path !== 'src/index.ts').flatMap((source) => {
  const room = IMPORT_TABLE[roomOf(source.path)]
  if (room == null) {
    return [`${source.path}: its room is not in the import table`]
  }
  return importsOf(source)
    .filter((each) => !isWithinRoom(source.path, each) && permission(source.path, each, room) == null)
    .map(({ target, isType }) => `${source.path}: room ${roomOf(source.path)} may not import ${isType ? 'types of ' : ''}${target}`)
})

/** Permissions that no file makes use of. */
const tableIsTheSmallest: Rule = (sources) => Object.entries(IMPORT_TABLE).flatMap(([name, room]) => {
  const files = sources.filter(({ path }) => roomOf(path) === name)
  const used = new Set(files.flatMap((file) => importsOf(file).map((each) => permission(file.path, each, room))))
  const asValues = new Set(files.flatMap((file) => importsOf(file).filter(({ isType }) => !isType).map((each) => permission(file.path, each, room))))
  return [
    ...[...room.packages, ...room.types].filter((entry) => !used.has(entry)).map((entry) => `${name}: nothing imports ${entry}`),
    ...room.values.filter((entry) => !asValues.has(entry)).map((entry) => `${name}: nothing imports more than types of ${entry}`)
  ]
})

/** A way from a room back to itself, through the table. */
function cycleIn (table: Readonly<Record<string, Room>>): string[] | undefined {
  const done = new Set<string>()
  const walk = (room: string, way: string[]): string[] | undefined => {
    if (way.includes(room)) {
      return [...way.slice(way.indexOf(room)), room]
    }
    if (done.has(room)) {
      return
    }
    for (const next of [...table[room]?.values ?? [], ...table[room]?.types ?? []].filter((each) => table[each] != null)) {
      const cycle = walk(next, [...way, room])
      if (cycle != null) {
        return cycle
      }
    }
    done.add(room)
  }
  return Object.keys(table).map((room) => walk(room, [])).find((cycle) => cycle != null)
}

/** Each pattern with what it finds. */
function offences (sources: readonly Source[], patterns: ReadonlyArray<readonly [string, RegExp]>): string[] {
  return sources.flatMap((source) => patterns.filter(([, pattern]) => pattern.test(codeOf(source))).map(([what]) => `${source.path}: ${what}`))
}

const middleIsPure: Rule = (sources) => [
  ...offences(sources.filter(({ path }) => PURE_ROOMS.includes(roomOf(path))), [
    ['Date', /\bDate\b/],
    ['Math.random', /\bMath\.random\b/],
    ['Math.pow', /\bMath\.pow\b/],
    ['**', /\*\*/],
    ['a timer', /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
    ['performance', /\bperformance\b/],
    ['process', /\bprocess\b/],
    ['the network', /\b(fetch|WebSocket)\b/],
    ['randomness', /\bcrypto\b/]
  ]),
  ...sources.filter(({ path }) => PURE_ROOMS.includes(roomOf(path)))
    .filter((source) => importsOf(source).some(({ target }) => target.startsWith('node:')))
    .map(({ path }) => `${path}: a node: module`)
]

const noForbiddenSyntax: Rule = (sources) => offences(sources.filter(({ path }) => !existsSync(path.replace(/\.ts$/, '.proto'))), [
  ['a default export', /^export\s+default\b|\bas\s+default\b/m],
  ['an enum', /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s+\w/m],
  ['a namespace', /^\s*(export\s+)?(declare\s+)?(namespace|module)\s+[\w']/m]
])

const namesSayWhatIsInside: Rule = (sources) => sources
  .filter(({ path }) => path.split('/').some((part) => ['utils', 'util', 'types', 'helpers'].includes(part.replace(/\.ts$/, ''))))
  .map(({ path }) => `${path}: a name that says nothing`)

const onlyOutputWrites: Rule = (sources) => offences(sources.filter(({ path }) => path !== 'src/cli/output.ts'), [
  ['writes to the terminal', /\bprocess\s*\.\s*(stdout|stderr)\b|\bconsole\s*\./]
])

/** The modules none of whose exports is in the list. */
function unlisted (modules: Readonly<Record<string, object>>, list: readonly unknown[]): string[] {
  return Object.entries(modules).filter(([, exported]) => !Object.values(exported).some((value) => list.includes(value))).map(([path]) => path)
}

const generatedFilesSaySo: Rule = (sources) => sources.filter(({ text }) => !/generated/i.test(text.split('\n')[0])).map(({ path }) => `${path}: its first line does not say that it is generated`)

/** The table as ARCHITECTURE.md has it. */
function renderImportTable (): string {
  const list = (entries: readonly string[], suffix = ''): string[] => entries.map((entry) => `\`${entry}\`${suffix}`)
  const rows = Object.entries(IMPORT_TABLE).map(([name, { values, types, packages }]) => {
    const rooms = [...list(values), ...list(types, ' (types)')].join(', ')
    const outside = packages.map((each) => `\`${each}\``).join(', ')
    return `| \`${name}\` | ${rooms === '' ? 'nothing' : rooms} | ${outside === '' ? 'none' : outside} |`
  })
  return ['| room | may import | outside packages |', '|---|---|---|', ...rows].join('\n')
}

describe('architecture', () => {
  const src = sourcesIn('src')
  const ours = [...src, ...sourcesIn('protocols'), ...sourcesIn('contracts', false), ...sourcesIn('examples')]
  const planted = (path: string, text: string): Source[] => [{ path, text }]

  it('should let rooms import only what the table allows', () => {
    expect(importsStayInTheTable(src)).to.deep.equal([])
  })

  it('should notice an import that the table does not allow', () => {
    for (const text of [
      'import { openStore } from \'../store/store.ts\'',
      'import type {\n  Store\n} from \'../store/store.ts\'',
      'export { openStore } from \'../store/store.ts\'',
      'const store = await import(\'../store/store.ts\')',
      'import \'../store/store.ts\'',
      'import { readFile } from \'node:fs/promises\'',
      'import { z } from \'zod\'',
      'import { MAX_KNOTS } from \'../../protocols/order/constants.ts\''
    ]) {
      expect(importsStayInTheTable(planted('src/market/order-book.ts', text)), text).to.have.lengthOf(1).and.to.match(/^src\/market\/order-book\.ts: /)
    }
    expect(importsStayInTheTable(planted('src/attic/thing.ts', ''))).to.deep.equal(['src/attic/thing.ts: its room is not in the import table'])
  })

  it('should notice a value where only types may come from', () => {
    expect(importsStayInTheTable(planted('src/api/server.ts', 'import type { EnergyNode } from \'../node/node.ts\''))).to.deep.equal([])
    expect(importsStayInTheTable(planted('src/api/server.ts', 'import { createNode } from \'../node/node.ts\''))).to.have.lengthOf(1)
  })

  it('should allow nothing in the table that no file needs', () => {
    expect(tableIsTheSmallest(src)).to.deep.equal([])
    expect(tableIsTheSmallest(src.filter(({ path }) => roomOf(path) !== 'store'))).to.include('store: nothing imports level')
    expect(tableIsTheSmallest(src.map((source) => roomOf(source.path) === 'market' ? { ...source, text: source.text.replaceAll(/^import \{/gm, 'import type {') } : source)))
      .to.include('market: nothing imports more than types of domain')
  })

  it('should let only the public face re-export, and nothing else live there', () => {
    const text = codeOf(read('src/index.ts'))
    expect(text.replaceAll(/^export( type)? \{[^}]*\} from ''$/gm, '').trim()).to.equal('')
  })

  it('should have no cycle between rooms', () => {
    expect(cycleIn(IMPORT_TABLE)).to.equal(undefined)
    expect(cycleIn({ ...IMPORT_TABLE, domain: { values: [], types: ['node'], packages: [] } })).to.include('domain')
  })

  it('should print the same table in ARCHITECTURE.md: UPDATE_DOCS=1 writes it', () => {
    const page = readFileSync('ARCHITECTURE.md', 'utf8')
    const fresh = page.replace(/(<!-- import table.*-->\n)[^]*(<!-- end of import table -->)/, (_, begin: string, end: string) => `${begin}${renderImportTable()}\n${end}`)
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync('ARCHITECTURE.md', fresh)
    }
    expect(readFileSync('ARCHITECTURE.md', 'utf8')).to.equal(fresh).and.to.contain(renderImportTable())
  })

  it('should keep the middle pure', () => {
    expect(middleIsPure(src)).to.deep.equal([])
  })

  it('should notice a clock, chance or the world outside in the middle', () => {
    for (const text of [
      'Date.now()', 'new Date()', 'Math.random()', 'Math.pow(2, 3)', '2 ** 3', 'setTimeout(f, 1)', 'performance.now()', 'process.env.HOME',
      'fetch(url)', 'crypto.getRandomValues(x)', 'import { join } from \'node:path\''
    ]) {
      expect(middleIsPure(planted('src/trade/delivery.ts', text)), text).to.have.lengthOf(1).and.to.match(/^src\/trade\/delivery\.ts: /)
    }
    expect(middleIsPure(planted('src/trade/delivery.ts', '/** The Date of 2 ** 3. */ const a = \'process\' // Date'))).to.deep.equal([])
    expect(middleIsPure(planted('src/node/system-clock.ts', 'Date.now()'))).to.deep.equal([])
  })

  it('should have no default exports, enums or namespaces', () => {
    expect(noForbiddenSyntax(ours)).to.deep.equal([])
    for (const text of ['export default function f () {}', 'export { f as default }', 'enum Side { Offer }', 'export const enum Side { Offer }', 'export namespace Order {}']) {
      expect(noForbiddenSyntax(planted('src/domain/order.ts', text)), text).to.have.lengthOf(1).and.to.match(/^src\/domain\/order\.ts: /)
    }
  })

  it('should have no file whose name says nothing', () => {
    expect(namesSayWhatIsInside(src)).to.deep.equal([])
    for (const path of ['src/domain/utils.ts', 'src/node/types.ts', 'src/helpers/money.ts']) {
      expect(namesSayWhatIsInside(planted(path, ''))).to.deep.equal([`${path}: a name that says nothing`])
    }
  })

  it('should write to the terminal in one place only', () => {
    expect(onlyOutputWrites(src)).to.deep.equal([])
    for (const text of ['console.log(1)', 'process.stdout.write(text)', 'process.stderr.write(text)']) {
      expect(onlyOutputWrites(planted('src/node/node.ts', text)), text).to.deep.equal(['src/node/node.ts: writes to the terminal'])
    }
  })

  for (const { folder, list, name } of LISTED_FOLDERS) {
    it(`should have every file of ${folder} in its list`, async () => {
      const files = sourcesIn(folder).map(({ path }) => path).filter((path) => path !== list)
      const load = async (path: string): Promise<object> => await import(pathToFileURL(path).href) as object
      const modules = Object.fromEntries(await Promise.all(files.map(async (path) => [path, await load(path)] as const)))
      const listed = (await load(list) as Record<string, unknown[]>)[name]
      expect(files).to.not.be.empty()
      expect(unlisted(modules, listed)).to.deep.equal([])
      expect(unlisted({ ...modules, [`${folder}/forgotten.ts`]: { forgotten: {} } }, listed)).to.deep.equal([`${folder}/forgotten.ts`])
    })
  }

  it('should say in the first line of a generated file that it is one', () => {
    expect(generatedFilesSaySo(GENERATED.map(read))).to.deep.equal([])
    expect(generatedFilesSaySo(planted('contracts/abi.ts', 'export const abi = []'))).to.have.lengthOf(1)
  })
})
