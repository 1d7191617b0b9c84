import type { Argument, Command, Option } from 'commander'

/** What follows this line in the page is written by hand. */
export const END_OF_GENERATED = '<!-- End of the generated part. -->'

/** The first part of `docs/reference/cli.md`: every command with its arguments and options. */
export function renderCliReference (program: Command): string {
  return `<!-- Generated from src/cli up to the mark below. Do not edit: run the tests with UPDATE_DOCS=1. -->

# Command line

From a clone, \`npm run wattmesh --\` stands for \`wattmesh\`, and \`npm run demo --\` for \`wattmesh demo\`. Results go to stdout,
everything else to stderr. With \`--json\` a command prints one JSON value on one line, money in base units of the token as
decimal strings.

${commandsOf(program, []).join('\n')}
${END_OF_GENERATED}
`
}

function commandsOf (parent: Command, names: readonly string[]): string[] {
  return parent.commands.flatMap((command) => {
    const path = [...names, command.name()]
    return [renderCommand(command, path), ...commandsOf(command, path)]
  })
}

function renderCommand (command: Command, path: readonly string[]): string {
  const parts = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)]
  const table = parts.length === 0 ? '' : `\n| argument or option | default | what it does |\n|---|---|---|\n${parts.join('\n')}\n`
  const usage = ['wattmesh', ...path, ...command.registeredArguments.map((each) => each.required ? `<${each.name()}>` : `[${each.name()}]`)]
  return `## \`${usage.join(' ')}\`\n\n${sentence(command.description())}\n${table}`
}

function argumentRow (argument: Argument): string {
  return `| \`${argument.name()}\` | ${preset(argument.defaultValue, argument.required)} | ${escaped(argument.description)} |`
}

function optionRow ({ flags, defaultValue, mandatory, description }: Option): string {
  return `| \`${flags}\` | ${preset(defaultValue, mandatory)} | ${escaped(description)} |`
}

function preset (value: unknown, isRequired: boolean): string {
  const without = isRequired ? '**required**' : ''
  return value === undefined ? without : `\`${String(value)}\``
}

function sentence (text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function escaped (text: string): string {
  return text.replaceAll('|', '\\|')
}
