import type { Driver, Param } from './driver.ts'

const TESTED: Readonly<Record<Driver['testedWith'], string>> = {
  'own data': 'It reads what it makes or what you give it.',
  'the program itself': 'Tested with the program itself, and its meters played by it; no real meter was at hand.',
  'independent software': 'Tested against independent software that speaks the same protocol; no real device was at hand.',
  'recorded answers': 'Tested with recorded answers of real devices only.',
  'written answers': 'Tested only with answers written by hand from public protocol descriptions: compare its values with the display before you sell.'
}

/** The page `docs/reference/devices.md`. */
export function renderDeviceReference (drivers: readonly Driver[]): string {
  return `<!-- Generated from src/drivers. Do not edit: run the tests with UPDATE_DOCS=1. -->

# Meters and inverters

\`meter.driver\` names one of these, and \`meter.params\` holds its settings. Devices are read and never controlled.

| driver | device |
|---|---|
${drivers.map(({ type, title }) => `| [\`${type}\`](#${type}) | ${title} |`).join('\n')}

${drivers.map(renderDriver).join('\n')}`
}

function renderDriver ({ type, title, testedWith, params }: Driver): string {
  const table = params.length === 0 ? 'It has no settings.' : `| setting | must be | what it does |\n|---|---|---|\n${params.map(renderParam).join('\n')}`
  return `## ${type}

${title}. ${TESTED[testedWith]}

${table}
`
}

function renderParam ({ name, type, values, min, max, isRequired, isSecret, description }: Param): string {
  const kind = values == null ? { text: 'text', whole: 'whole number', number: 'number', yesNo: 'true or false', object: 'group' }[type] : values.map((value) => `\`${value}\``).join(', ')
  const bounds = `${min == null ? '' : `, at least ${min}`}${max == null ? '' : `, at most ${max}`}`
  return `| \`${name}\`${isRequired === true ? ' (required)' : ''} | ${kind}${bounds}${isSecret === true ? ', secret' : ''} | ${description} |`
}
