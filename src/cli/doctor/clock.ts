import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { bad, ok, unknown, warn } from '../checks.ts'
import type { UnixSeconds } from '../../domain/units.ts'
import type { Check } from '../checks.ts'
import type { ChainFindings } from './chain.ts'
import type { Patient } from './patient.ts'

/** Homes whose clocks are further apart misunderstand each other's gate closures. */
const WARN_SEC = 1
const BAD_SEC = 5

/** A program that asks the time service must not keep us waiting. */
const ANSWER_MS = 3000

const SET_CLOCK = 'Switch on the network time of this computer (`timedatectl set-ntp true`, or install chrony).'

const run = promisify(execFile)

export async function checkClock ({ config }: Patient, chain: ChainFindings): Promise<Check[]> {
  const speed = config.value?.clock.speed ?? 1
  if (speed !== 1) {
    return [ok('clock.practice', `This is a practice market, in which ${speed} seconds pass in one.`)]
  }
  const service = await chrony() ?? await timedate()
  return [
    service ?? unknown('clock.service', 'No time service could be asked here (neither chrony nor systemd).', 'If nothing else sets the clock of this computer, install chrony.'),
    ...byChain(chain.headTime, Math.floor(Date.now() / 1000))
  ]
}

async function answerOf (program: string, args: readonly string[]): Promise<string | undefined> {
  return run(program, args, { timeout: ANSWER_MS, env: { ...process.env, LC_ALL: 'C' } }).then(({ stdout }) => stdout, (): undefined => undefined)
}

async function chrony (): Promise<Check | undefined> {
  const answer = await answerOf('chronyc', ['-c', 'tracking'])
  return answer == null ? undefined : chronyCheck(answer)
}

/** Of `chronyc -c tracking`: the fifth field is the offset in seconds, the last one whether the clock is set at all. */
export function chronyCheck (line: string): Check | undefined {
  const fields = line.trim().split(',')
  const offset = Math.abs(Number(fields[4]))
  if (fields.length < 14 || !Number.isFinite(offset)) {
    return undefined
  }
  if (fields[13] === 'Not synchronised') {
    return bad('clock.service', 'The time service (chrony) has not found a source yet: this clock may be wrong by any amount.', 'Check that this computer reaches the internet, or name a time server of your network in chrony.conf.')
  }
  return offsetCheck('clock.service', offset, 'by the time service (chrony)')
}

function offsetCheck (id: string, offset: number, source: string): Check {
  const shown = offset < 1 ? `${Math.ceil(offset * 1000)} ms` : `${offset.toFixed(1)} s`
  if (offset > BAD_SEC) {
    return bad(id, `The clock is ${shown} off ${source}: offers come too early or too late.`, SET_CLOCK)
  }
  return offset > WARN_SEC ? warn(id, `The clock is ${shown} off ${source}.`, SET_CLOCK) : ok(id, `The clock is right to ${shown}, ${source}.`)
}

async function timedate (): Promise<Check | undefined> {
  const answer = await answerOf('timedatectl', ['show', '--property=NTPSynchronized', '--property=NTP'])
  return answer == null ? undefined : timedateCheck(answer)
}

/** Of `timedatectl show`: lines such as `NTPSynchronized=yes`. */
export function timedateCheck (text: string): Check | undefined {
  const values = Object.fromEntries(text.trim().split('\n').map((line) => line.split('=')))
  switch (values.NTPSynchronized) {
    case 'yes': return ok('clock.service', 'The clock is set from the network.')
    case 'no': return values.NTP === 'yes'
      ? warn('clock.service', 'The clock is to be set from the network, but no time server has answered yet.', 'Wait a minute; if it stays so, check that this computer reaches the internet.')
      : bad('clock.service', 'Nothing sets the clock of this computer.', SET_CLOCK)
    default: return undefined
  }
}

/** Blocks carry the time of their makers: one from our future means that our clock is behind. The other way round proves nothing. */
export function byChain (headTime: UnixSeconds | undefined, now: UnixSeconds): Check[] {
  const ahead = (headTime ?? now) - now
  if (ahead <= WARN_SEC) {
    return []
  }
  const says = `The newest block of the chain is ${ahead} s in the future of this computer`
  return [ahead > BAD_SEC
    ? bad('clock.chain', `${says}: the clock here is behind.`, SET_CLOCK)
    : warn('clock.chain', `${says}: the clock here may be behind.`, SET_CLOCK)]
}
