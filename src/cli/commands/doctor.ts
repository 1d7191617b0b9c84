import { Command } from 'commander'
import { exitCode, printChecks, printChecksJson } from '../checks.ts'
import { dataOption, jsonOption } from '../options.ts'
import { note, print } from '../output.ts'
import type { Check } from '../checks.ts'

export function doctorCommand (): Command {
  return new Command('doctor')
    .description('check everything that can be checked from here, and say what to do; 4 is the exit code when something is bad')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(doctor)
}

async function doctor (options: { data?: string, json?: boolean }): Promise<void> {
  const [{ admit }, { checkComputer }, { checkChain }, { checkClock }, { checkMeter }, { checkNetwork }] = await Promise.all([
    import('../doctor/patient.ts'), import('../doctor/computer.ts'), import('../doctor/chain.ts'), import('../doctor/clock.ts'),
    import('../doctor/meter.ts'), import('../doctor/network.ts')
  ])
  note('Looking ...')
  const patient = await admit(options)
  const [computer, chain, meter, network] = await Promise.all([checkComputer(patient), checkChain(patient), checkMeter(patient), checkNetwork(patient)])
  const clock = await checkClock(patient, chain)
  const groups: ReadonlyArray<readonly [string, readonly Check[]]> = [
    ['This computer', computer], ['Clock', clock], ['Meter', meter], ['Chain and money', chain.checks], ['Network', network]
  ]
  const all = groups.flatMap(([, checks]) => checks)
  if (options.json === true) {
    printChecksJson(all)
  } else {
    for (const [title, checks] of groups) {
      print(title)
      printChecks(checks)
      print()
    }
    print(summary(all))
  }
  process.exitCode = exitCode(all)
}

function summary (checks: readonly Check[]): string {
  const count = (level: Check['level']): number => checks.filter((check) => check.level === level).length
  const [broken, doubtful] = [count('bad'), count('warn')]
  if (broken > 0) {
    return `${broken === 1 ? 'One thing has' : `${broken} things have`} to be put right before this home can trade.`
  }
  return doubtful > 0 ? `Nothing is broken. ${doubtful === 1 ? 'One thing wants' : `${doubtful} things want`} a look.` : 'All is well.'
}
