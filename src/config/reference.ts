import { DATA_DIRECTORY_ENV } from './paths.ts'
import { SECTIONS } from './schema.ts'
import type { Field, Section } from './schema.ts'

/** The page `docs/reference/configuration.md`. */
export function renderConfigReference (): string {
  return `<!-- Generated from src/config/schema.ts. Do not edit: run the tests with UPDATE_DOCS=1. -->

# Configuration

A node takes each setting from the first of these that has it: an option of \`wattmesh start\`, the environment, the file
\`config.yaml\` in the data directory, the default. \`wattmesh init\` writes the file once; the node never changes it. Settings
take effect when the node is started again. A setting nobody knows stops the start and names the one that was probably meant.

In the environment a setting is called \`WATTMESH_\` and its name in capitals: \`market.periodSec\` is
\`WATTMESH_MARKET_PERIOD_SEC\`. Lists are written with commas there. \`${DATA_DIRECTORY_ENV}\` names the data directory
(default \`~/.wattmesh\`). There are no secrets among the settings: the key of the node has a file of its own, \`node.key\`.

Prices and amounts are decimal numbers of the market's token. Seconds are seconds of the market, which pass faster in a
practice market with a \`clock.speed\` above 1.

${SECTIONS.map(renderSection).join('\n')}`
}

function renderSection ({ name, description, fields }: Section): string {
  return `## ${name === '' ? 'Home' : `\`${name}\``}

${description}

| setting | default | must be | what it does |
|---|---|---|---|
${fields.map(renderField).join('\n')}
`
}

function renderField ({ path, schema, isRequired }: Field): string {
  const without = isRequired ? '**required**' : 'not set'
  const preset = schema.default === undefined ? without : `\`${JSON.stringify(schema.default)}\``
  const unit = schema.unit == null ? '' : `, in ${schema.unit}`
  const flag = schema.flag == null ? '' : ` Option \`${schema.flag}\`.`
  return `| \`${path}\` | ${preset} | ${schema.expected}${unit} | ${schema.description}${flag} |`
}
