import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'aegir/chai'
import * as syncBounds from '../protocols/book-sync/constants.ts'
import * as orderBounds from '../protocols/order/constants.ts'
import * as gossipBounds from '../protocols/order-gossip/constants.ts'
import * as tradeBounds from '../protocols/trade/constants.ts'
import { createProgram } from '../src/cli/index.ts'
import { END_OF_GENERATED, renderCliReference } from '../src/cli/reference.ts'
import { REFUSAL_CODES } from '../src/domain/book-sync.ts'
import { DECLINE_CODES } from '../src/domain/trade-message.ts'
import { ORDER_RULE_CODES } from '../src/domain/verdict.ts'
import { SKIP_REASONS } from '../src/ports/settlement.ts'

const FOLDERS = ['.', 'docs', 'docs/reference', 'docs/decisions', 'protocols', 'protocols/order', 'protocols/order-gossip', 'protocols/trade', 'protocols/book-sync', 'protocols/community', 'protocols/discovery', 'contracts', ...readdirSync('examples').map((example) => join('examples', example))]
const BOUNDS: Record<string, bigint | number | string> = { ...orderBounds, ...gossipBounds, ...tradeBounds, ...syncBounds }

const read = (path: string): string => readFileSync(path, 'utf8')

const pages = FOLDERS.flatMap((folder) => readdirSync(folder).filter((file) => file.endsWith('.md')).map((file) => join(folder, file)))

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => join('src', file))

/** The cells of every row of a page's tables, without backticks. */
function rows (page: string): string[][] {
  return page.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.replaceAll('`', '').split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()))
}

/** A heading as the end of an address: GitHub's rule. */
function anchor (heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-')
}

function withoutCode (page: string): string {
  return page.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
}

/** Links of a page, to a file or a heading, that lead nowhere. */
function deadLinks (path: string, page: string): string[] {
  return [...withoutCode(page).matchAll(/\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)"/g)]
    .map(([, link, attribute]) => link ?? attribute)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file, heading] = link.split('#')
      const target = file === '' ? path : join(dirname(path), file)
      if (!existsSync(target)) {
        return true
      }
      if (heading == null) {
        return false
      }
      const headings = (file === '' ? page : read(target)).replaceAll(/^```[^]*?^```/gm, '').split('\n').filter((line) => /^#+ /.test(line)).map((line) => anchor(line.replace(/^#+ /, '')))
      return !headings.includes(heading)
    })
    .map((link) => `${path}: ${link}`)
}

/** Error codes in a source: names in capitals that are none of the codes homes tell each other, nor a name of others. */
function errorCodes (text: string): string[] {
  const others: readonly string[] = [...DECLINE_CODES, ...ORDER_RULE_CODES, ...REFUSAL_CODES, ...SKIP_REASONS]
  return [...text.matchAll(/'([A-Z]+_[A-Z_]+)'/g)].map(([, code]) => code)
    .filter((code) => !others.includes(code) && !/^(LEVEL|WATTMESH)_|_SF$/.test(code))
}

/** The value of `1024 * 1024` or `2 * MAX_TRADE_MESSAGE_BYTES`; undefined when it is no product of whole numbers. */
function product (expression: string): bigint | undefined {
  const factors = expression.split('*').map((factor) => factor.trim().replaceAll('_', (sign, place, whole: string) => /^\d/.test(whole) ? '' : sign))
  const values = factors.map((factor) => String(BOUNDS[factor] ?? factor.replace(/^(0x[0-9a-f]+|\d+)n$/, '$1')))
  return values.every((value) => /^(0x[0-9a-f]+|\d+)$/.test(value)) ? values.map(BigInt).reduce((a, b) => a * b) : undefined
}

/** Constants of a source by their names, where they are whole numbers. */
function constants (text: string): Map<string, bigint> {
  return new Map([...text.matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]+) = ([^\n]+)$/gm)]
    .map(([, name, expression]) => [name, product(expression)] as const)
    .filter((entry): entry is readonly [string, bigint] => entry[1] != null))
}

/** Paths of all values of an object: `trades.agreed`, `homes[].name`. */
function fields (value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return fields(value[0], `${path}[]`)
  }
  return typeof value === 'object' && value != null
    ? Object.entries(value).flatMap(([name, field]) => fields(field, path === '' ? name : `${path}.${name}`))
    : [path]
}

describe('documents', () => {
  it('should have no link that leads nowhere', () => {
    expect(pages).to.include.members(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'protocols/trade/README.md'])
    expect(pages.flatMap((path) => deadLinks(path, read(path)))).to.deep.equal([])
    expect(deadLinks('docs/limits.md', '[a](reference/nothing.md) [b](#nowhere) <img src="pictures/none.svg"> [c](https://example.org) `[d](none.md)`'))
      .to.deep.equal(['docs/limits.md: reference/nothing.md', 'docs/limits.md: #nowhere', 'docs/limits.md: pictures/none.svg'])
  })

  it('should name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = (page: string): string[] => [...page.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)].map(([, script]) => script)
    expect(named('`npm run --silent demo` and npm run check:fast')).to.deep.equal(['demo', 'check:fast'])
    expect(pages.flatMap((path) => named(read(path)).filter((script) => scripts[script] == null).map((script) => `${path}: ${script}`))).to.deep.equal([])
  })

  it('should have every page of docs linked from another page', () => {
    const linked = pages.flatMap((path) => [...withoutCode(read(path)).matchAll(/\]\(([^)\s#]+)/g)].map(([, link]) => join(dirname(path), link)))
    expect(pages.filter((path) => path.startsWith('docs/') && !path.startsWith('docs/decisions/') && !linked.includes(path))).to.deep.equal([])
  })
})

describe('the page about the command line', () => {
  const PAGE = 'docs/reference/cli.md'

  it('should begin with what the program gives: UPDATE_DOCS=1 writes it', () => {
    const fresh = renderCliReference(createProgram())
    const page = read(PAGE)
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(PAGE, fresh + page.slice(page.indexOf(END_OF_GENERATED) + END_OF_GENERATED.length + 1))
    }
    expect(read(PAGE).startsWith(fresh)).to.equal(true)
  })

  it('should have a row for every field of its example of the demo\'s JSON, with the type it has there', () => {
    const page = read(PAGE)
    const example = JSON.parse(/```json\n([^]*?)\n```/.exec(page)?.[1] ?? '') as Record<string, unknown>
    const table = rows(page.slice(page.indexOf('## The demo\'s JSON'))).filter(([field]) => field !== 'field')
    expect(table.map(([field]) => field)).to.deep.equal(fields(example))
    for (const [field, type] of table) {
      const value = field.split('.').reduce<unknown>((at, name) => name === 'homes[]' ? (at as { homes: unknown[] }).homes[0] : (at as Record<string, unknown>)[name], example)
      expect(type.startsWith('"') ? type.split(' or ') : [type], field).to.include(type.startsWith('"') ? `"${String(value)}"` : typeof value)
    }
  })
})

describe('the page about errors', () => {
  const documented = rows(read('docs/reference/errors.md')).map(([code]) => code).filter((code) => /^[A-Z]+_[A-Z_]+$/.test(code))

  it('should explain every code there is, and no other', () => {
    const codes = new Set(sources.flatMap((path) => errorCodes(read(path))))
    expect([...codes].filter((code) => !documented.includes(code)), 'codes without an explanation').to.deep.equal([])
    expect(documented.filter((code) => !codes.has(code)), 'codes that do not exist').to.deep.equal([])
  })

  it('should explain each code once', () => {
    expect(new Set(documented)).to.have.property('size', documented.length)
  })

  it('should tell error codes from other names', () => {
    expect(errorCodes('new CodedError(\'ATTIC_FULL\', …); decline(\'SOLD_OUT\'); reject(\'TOO_LARGE\'); level === \'LEVEL_LOCKED\'')).to.deep.equal(['ATTIC_FULL'])
  })
})

describe('the page about limits', () => {
  const table = rows(read('docs/limits.md')).filter(([name]) => /^[A-Z_]+$/.test(name))

  it('should have the values of the code', () => {
    for (const [name, value, file] of table) {
      expect(constants(read(file)).get(name)?.toString(), name).to.equal(value)
    }
  })

  it('should have every bound of the protocols and of the code', () => {
    const bounds = sources.filter((path) => !path.startsWith(join('src', 'simulator')))
      .flatMap((path) => [...constants(read(path)).keys()]).filter((name) => /^(MAX|MIN)_(?!UINT)/.test(name))
    const shared = Object.entries(BOUNDS).filter(([, value]) => typeof value !== 'string').map(([name]) => name)
    const listed = table.map(([name]) => name)
    expect([...bounds, ...shared].filter((name) => !listed.includes(name)), 'bounds of the code that the page does not list').to.deep.equal([])
    expect(new Set(listed), 'a bound listed twice').to.have.property('size', listed.length)
  })

  it('should read constants as the compiler does', () => {
    expect([...constants('const MAX_A = 4 * 1024\nexport const MAX_B = 10_000n\nconst MAX_C = 0xffn\nconst MAX_D = 2 * MAX_KNOTS\nconst NAME = \'x\'')])
      .to.deep.equal([['MAX_A', 4096n], ['MAX_B', 10_000n], ['MAX_C', 255n], ['MAX_D', 8n]])
  })
})

describe('other pages', () => {
  it('should describe every route of the interface, and no other', () => {
    const routes = [...read('src/api/server.ts').matchAll(/app\.(get|post|put|patch|delete)(?:<[^(]*>)?\('([^']+)'/g)].map(([, method, path]) => `${method.toUpperCase()} ${path}`)
    const headings = [...read('docs/reference/http-api.md').matchAll(/^## `([A-Z]+ [^`]+)`$/gm)].map(([, route]) => route)
    expect(routes).to.not.be.empty()
    expect(headings).to.have.members(routes)
  })

  it('should give every decision a number, and the four parts', () => {
    const files = readdirSync('docs/decisions').sort()
    expect(files).to.not.be.empty()
    files.forEach((file, index) => {
      expect(file).to.match(new RegExp(`^${String(index + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`))
      expect(read(join('docs/decisions', file)).match(/^## .*$/gm), file).to.deep.equal(['## Status', '## Context', '## Decision', '## Consequences'])
    })
  })
})
