import { CodedError } from '../domain/errors.ts'
import { writeOwnedFile } from './owned-file.ts'
import { SECTIONS } from './schema.ts'
import type { ConfigErrorCode } from './errors.ts'
import type { Field, PartialConfig } from './schema.ts'

/**
 * Writes a new configuration file with `values`, every other setting beside them as a comment. Throws `CONFIG_EXISTS` or
 * `CONFIG_UNWRITABLE`. Used once, when a home is set up: a running node never writes its configuration.
 */
export function writeConfigFile (path: string, values: PartialConfig): void {
  writeOwnedFile(path, renderConfigFile(values), new CodedError<ConfigErrorCode>('CONFIG_EXISTS', `There is a configuration at ${path} already and it is not overwritten: edit it, or move it away first.`))
}

/** The text of such a file: YAML that loads to `values`. */
export function renderConfigFile (values: PartialConfig): string {
  const sections = SECTIONS.map(({ name, description, fields }) => {
    const indent = name === '' ? '' : '  '
    const lines = fields.flatMap(field => fieldLines(field, values).map(line => `${indent}${line}`))
    return [...(name === '' ? [] : [`# ${description}`, `${name}:`]), ...lines].join('\n')
  })
  const head = '# Settings of a wattmesh home. Lines that begin with # are comments: they show what applies unless you say otherwise.\n' +
    '# Changes take effect when the node is started again.'
  return [head, ...sections, ''].join('\n\n').trimEnd() + '\n'
}

function fieldLines ({ path, schema, isRequired }: Field, values: PartialConfig): string[] {
  const [section, name] = path.split('.')
  const group = values as Record<string, unknown>
  const value = name == null ? group[section] : (group[section] as Record<string, unknown> | undefined)?.[name]
  const shown = JSON.stringify(value ?? schema.default ?? schema.example)
  const unit = schema.unit == null ? '' : ` In ${schema.unit}.`
  const without = isRequired ? ' Must be set.' : ' Not set by default.'
  const note = value == null && schema.default === undefined ? without : ''
  // JSON is YAML too, and quotes exactly what needs quotes
  return [`# ${schema.description}${unit}${note}`, `${value == null ? '# ' : ''}${name ?? section}: ${shown}`]
}
