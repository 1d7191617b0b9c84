import { askNumber, confirm, interruptible } from '../ask.ts'
import { exitCode, printChecks, printChecksJson } from '../checks.ts'
import { runningNode } from '../options.ts'
import { isInteractive, note, print, table } from '../output.ts'
import { isMoved, judgeLoad, looks } from './observe.ts'
import { canSell, judgeDevice, judgedDirection } from './selling.ts'
import { chooseDevice } from './settings.ts'
import { qualityOf, rows } from './values.ts'
import type { Device, Sample } from '../../ports/device.ts'
import type { Check } from '../checks.ts'
import type { Look } from './observe.ts'
import type { ChosenDevice, DeviceOptions } from './settings.ts'

export interface TestOptions extends DeviceOptions {
  readonly json?: boolean
  /** Watts that are switched on during the test. */
  readonly expectLoad?: number
  readonly seconds?: number
}

const EVERY_MS = 1000

/** Looks before the load is switched on, and at least as many without one. */
const LOOKS_BEFORE = 4
const DEFAULT_LOAD_WATTS = 2000
const DEFAULT_LOAD_SEC = 60

/** `devices test`: connects, shows, and says whether this house can sell by it. Throws what the device throws. */
export async function testDevice (options: TestOptions): Promise<void> {
  const chosen = chooseDevice(options)
  if (options.driver == null) {
    await warnOfRunningNode(options)
  }
  const device = await chosen.connect()
  try {
    await interruptible(async (signal) => { await run({ options, chosen, device, signal }) })
  } finally {
    await device.close()
  }
}

interface Running {
  readonly options: TestOptions
  readonly chosen: ChosenDevice
  readonly device: Device
  readonly signal: AbortSignal
}

async function run (running: Running): Promise<void> {
  const { options, chosen, device, signal } = running
  const { json = false, expectLoad } = options
  const forMs = expectLoad == null && options.seconds != null ? options.seconds * 1000 : (LOOKS_BEFORE - 1) * EVERY_MS
  const seen: Look[] = []
  note(`Looking at it for ${Math.round(forMs / 1000)} s ...`)
  for await (const each of looks(device, { everyMs: EVERY_MS, forMs, signal })) {
    seen.push(each)
  }
  if (!json) {
    printDevice(chosen, device, seen)
  }
  const load = signal.aborted ? undefined : await loadToExpect(options, seen)
  const direction = load == null ? undefined : await watchLoad(running, { seen, ...load })
  const checks = [...judgeDevice({ traits: device.traits, looks: seen }), ...direction == null ? [] : [direction]]
  if (json) {
    const last = seen.findLast(({ sample }) => sample != null)
    printChecksJson(checks, { driver: chosen.driver.type, traits: device.traits, sample: last?.sample ?? null, quality: last == null ? 'missing' : qualityOf(last), looks: seen.length, canSell: canSell(checks) ?? null })
  } else {
    printVerdict(checks, { direction, isPowerSeen: seen.some(({ sample }) => sample?.gridWatts != null) })
  }
  process.exitCode = exitCode(checks)
}

function printDevice ({ driver }: ChosenDevice, { traits }: Device, seen: readonly Look[]): void {
  const { maker, model, serial, ratedWatts } = traits
  const name = [maker, model].filter((part) => part != null).join(' ')
  print(`${driver.title}${name === '' ? '' : `: ${name}`}${serial == null ? '' : `, number ${serial}`}${ratedWatts == null ? '' : `, up to ${ratedWatts} W`}`)
  const last = seen.findLast(({ sample }) => sample != null)
  if (last?.sample != null) {
    print()
    table(['value', 'now', 'meaning'], rows(last.sample), [1]).forEach((line) => { print(`  ${line}`) })
  }
  print()
}

const VERDICTS = {
  true: 'This house can sell by this meter.',
  false: 'This house cannot sell by this meter as it is: what stands above says why.',
  undefined: 'Whether this house can sell by this meter is not known yet: what stands above says why.'
}

function printVerdict (checks: readonly Check[], { direction, isPowerSeen }: { direction: Check | undefined, isPowerSeen: boolean }): void {
  printChecks(checks)
  print()
  print(VERDICTS[String(canSell(checks)) as keyof typeof VERDICTS])
  if (direction == null && isPowerSeen) {
    print('The direction is not checked yet: `wattmesh devices test --expect-load 2000` compares before and after a kettle is switched on.')
  }
}

/** What will be switched on and how long it is waited for; undefined when nobody is there to do it. */
async function loadToExpect ({ expectLoad, seconds = DEFAULT_LOAD_SEC, json }: TestOptions, seen: readonly Look[]): Promise<{ watts: number, seconds: number } | undefined> {
  if (expectLoad != null) {
    return { watts: expectLoad, seconds }
  }
  const isAsked = json !== true && isInteractive() && seen.some(({ sample }) => sample?.gridWatts != null)
  if (!isAsked || !await confirm('Check the direction now, by switching a kettle on?', true)) {
    return undefined
  }
  return { watts: await askNumber('How many watts does it take?', DEFAULT_LOAD_WATTS), seconds: DEFAULT_LOAD_SEC }
}

async function watchLoad ({ device, signal }: Running, { seen, watts, seconds }: { seen: readonly Look[], watts: number, seconds: number }): Promise<Check> {
  const before = seen.flatMap(({ sample }) => sample ?? [])
  const after: Sample[] = []
  note(`Now switch it on, about ${watts} W, and leave everything else as it is. Looking for up to ${seconds} s ...`)
  for await (const { sample } of looks(device, { everyMs: EVERY_MS, forMs: seconds * 1000, signal })) {
    if (sample != null) {
      after.push(sample)
    }
    const moved = [after.slice(-1), after.slice(-2, -1)].every((one) => isMoved({ expectedWatts: watts, before, after: one }))
    if (moved) {
      break
    }
  }
  return judgedDirection(judgeLoad({ expectedWatts: watts, before, after }), watts)
}

/** Many inverters talk to one program at a time. */
async function warnOfRunningNode (options: DeviceOptions): Promise<void> {
  const isRunning = await runningNode(options).then(async (node) => node.status()).then(() => true, () => false)
  if (isRunning) {
    note('The node is running and reads this meter, too. If the device takes one connection only, stop the node first.')
  }
}
