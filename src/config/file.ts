import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { CodedError } from '../domain/errors.ts'
import { FIELDS, SECTIONS } from './schema.ts'
import type { ConfigErrorCode } from './errors.ts'
import type { Document, Node, Pair } from 'yaml'

/** One value as somebody wrote it. */
export interface Entry {
  readonly path: string
  readonly value: unknown
  /** For people: `config.yaml line 4`. */
  readonly where: string
  /** It was written as text that still has to become a number, a list or the like. */
  readonly isText?: boolean
}

/**
 * The values of a YAML file, in its order. Where the schema wants text it is taken as it is written, so that `0.30` and
 * `0x00…` need no quotes. Throws `CONFIG_MISSING`, or `CONFIG_INVALID` with the line.
 */
export function readConfigFile (path: string): Entry[] {
  const name = basename(path)
  const lines = new LineCounter()
  const document = parseDocument(readText(path), { lineCounter: lines })
  const [wrong] = document.errors
  if (wrong != null) {
    throw invalid(`${name} line ${lines.linePos(wrong.pos[0]).line} is not YAML: ${wrong.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '')}. Check its indentation and quotes.`, wrong)
  }
  const root = document.contents as Node | null
  if (root == null || (isScalar(root) && root.value == null)) {
    return []
  }
  if (!isMap(root)) {
    throw invalid(`${name} must hold settings such as "name: home", one per line.`)
  }
  return entriesOf(root.items as Pair[], { document, prefix: '', where: pair => `${name} line ${lines.linePos(positionOf(pair)).line}` })
}

interface Place {
  readonly document: Document
  readonly prefix: string
  where(pair: Pair): string
}

function entriesOf (pairs: readonly Pair[], place: Place): Entry[] {
  return pairs.flatMap(pair => {
    const path = `${place.prefix}${String(isScalar(pair.key) ? pair.key.value : pair.key)}`
    const where = place.where(pair)
    const value = resolved(pair.value, place.document)
    const read = (asText: boolean): unknown => {
      try {
        return valueOf(value, place.document, asText)
      } catch (error) {
        throw invalid(`${where}: "${path}" refers with * to a value that no & before it names. Put quotes around a text that begins with *.`, error)
      }
    }
    const field = FIELDS.find(field => field.path === path)
    if (field != null) {
      return [{ path, where, value: read(isTextual(field.schema.type)) }]
    }
    const isSection = SECTIONS.some(({ name }) => name === path)
    if (isMap(value) && (isSection || value.items.length > 0)) {
      return entriesOf(value.items as Pair[], { ...place, prefix: `${path}.` })
    }
    // a group whose lines are all commented out is empty, not wrong
    const isEmpty = value == null || (isScalar(value) && value.value == null)
    return isSection && isEmpty ? [] : [{ path, where, value: read(false) }]
  })
}

/** Choices have no type in the schema; they are texts too. */
function isTextual (type: string | undefined): boolean {
  return type === 'string' || type == null
}

function valueOf (node: Node | null, document: Document, asText: boolean): unknown {
  const value: unknown = node?.toJS(document)
  return asText && isScalar(node) && value !== null && node.source != null ? node.source : value ?? null
}

function resolved (value: unknown, document: Document): Node | null {
  const node = value as Node | null
  return node != null && 'resolve' in node ? node.resolve(document) ?? null : node
}

function positionOf (pair: Pair): number {
  return (pair.key as Node).range?.[0] ?? 0
}

function readText (path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new CodedError<ConfigErrorCode>('CONFIG_MISSING', `There is no configuration at ${path}: run \`wattmesh init\` first.`, { details: { path }, cause: error })
    }
    throw invalid(`${path} cannot be read: check that it is a file and that you may read it.`, error)
  }
}

function invalid (message: string, cause?: unknown): CodedError<ConfigErrorCode> {
  return new CodedError('CONFIG_INVALID', message, { cause })
}
