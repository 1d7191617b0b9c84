import { Command } from 'commander'
import { confirm, interruptible } from '../ask.ts'
import { dataOption, jsonOption, whole } from '../options.ts'
import { isInteractive, note, print, printJson, table } from '../output.ts'
import type { Found } from '../devices/found.ts'
import type { TestOptions } from '../devices/test-device.ts'
import type { WatchOptions } from '../devices/watch-device.ts'

const MODBUS_PORT = 502
const LISTEN_SEC = 3

export function devicesCommand (): Command {
  const command = new Command('devices')
    .enablePositionalOptions()
    .description('meters and inverters: find them, try them, watch them; nothing here ever switches anything')
  command.command('scan').description('look for meters, brokers and home automation in this house')
    .option('--modbus', 'also ask devices in your own networks whether they speak Modbus; without it you are asked')
    .option('--host <address...>', 'look at these computers; Modbus is then searched there only')
    .option('--port <number>', 'port to search Modbus at', whole(1, 65_535), MODBUS_PORT)
    .option('--seconds <number>', 'the longest the Modbus search may take', whole(1, 3600), 120)
    .addOption(jsonOption())
    .action(scan)
  chosen(command.command('test').description('connect to a device, show what it says, and tell whether this house can sell by it'))
    .option('--expect-load <watts>', 'a load of that many watts is switched on when asked for: check the direction', whole(50, 100_000))
    .option('--seconds <number>', 'how long to look, or to wait for the load', whole(1, 3600))
    .addOption(jsonOption())
    .action(async (options: TestOptions) => (await import('../devices/test-device.ts')).testDevice(options))
  chosen(command.command('watch').description('show what a device says, again and again, until Ctrl-C'))
    .option('--every <seconds>', 'pause between two looks', whole(1, 3600), 2)
    .option('--seconds <number>', 'end after that long', whole(1, 86_400))
    .option('--json', 'one JSON object on stdout for each look, on a line of its own')
    .action(async (options: WatchOptions) => (await import('../devices/watch-device.ts')).watchDevice(options))
  command.command('list').description('drivers there are, and what each was tested with')
    .addOption(jsonOption())
    .action(list)
  return command
}

function chosen (command: Command): Command {
  return command
    .addOption(dataOption())
    .option('--driver <type>', 'try this driver instead of the meter of the settings')
    .option('--param <name=value...>', 'settings of that driver, such as host=192.168.1.40')
}

interface ScanOptions {
  readonly modbus?: boolean
  readonly host?: readonly string[]
  readonly port: number
  readonly seconds: number
  readonly json?: boolean
}

async function scan (options: ScanOptions): Promise<void> {
  const [{ quietScan }, { withoutRepeats }] = await Promise.all([import('../devices/scan.ts'), import('../devices/found.ts')])
  const { multicastProblem } = await import('../multicast.ts')
  const silence = await multicastProblem()
  note(silence == null
    ? `Listening for what announces itself, for ${LISTEN_SEC} s ...`
    : `This computer cannot send to the local network's announcements (${silence}), so that only direct questions find something: \`wattmesh doctor\` says why.`)
  const found = await quietScan({ waitMs: LISTEN_SEC * 1000, hosts: options.host ?? [] })
  await interruptible(async (signal) => { found.push(...await searchModbus(options, signal)) })
  await show(withoutRepeats(found), options.json === true)
}

async function searchModbus (options: ScanOptions, stop: AbortSignal): Promise<Found[]> {
  const [{ ownSubnets }, { MAX_SCAN_CONNECTIONS, longestSearch, modbusSearch }] = await Promise.all([import('../devices/subnets.ts'), import('../devices/scan.ts')])
  const subnets = ownSubnets()
  const hosts = options.host ?? subnets.flatMap((subnet) => subnet.hosts)
  const where = options.host?.join(', ') ?? subnets.map(({ name }) => name).join(', ')
  if (hosts.length === 0) {
    note('This computer is in no private network, so there is nothing to search for Modbus: name a device with --host.')
    return []
  }
  const plan = `${where}: ${hosts.length === 1 ? 'one address' : `${hosts.length} addresses`} at port ${options.port}, at most ${MAX_SCAN_CONNECTIONS} at a time, about ${longestSearch(hosts.length)} s and at most ${options.seconds} s`
  if (options.modbus !== true && !(options.json !== true && isInteractive() && await confirm(`Search ${plan}. It only reads. Go on?`, false))) {
    note('Modbus was not searched: --modbus does, gently, in your own networks.')
    return []
  }
  note(`Searching ${plan} ...`)
  const late = AbortSignal.timeout(options.seconds * 1000)
  const found: Found[] = []
  for await (const each of modbusSearch({ hosts, port: options.port, signal: AbortSignal.any([stop, late]) })) {
    note(`  ${each.what}, at ${each.address}`)
    found.push(each)
  }
  if (late.aborted) {
    note(`The time was over before everything was asked: --seconds ${options.seconds * 3} gives it more, --host asks one device only.`)
  }
  return found
}

async function show (found: readonly Found[], isJson: boolean): Promise<void> {
  if (isJson) {
    printJson({ found })
    return
  }
  if (found.length === 0) {
    print('Nothing was found. Devices on a serial line, and those that announce nothing, have to be named: `wattmesh devices list` shows what can be read.')
    return
  }
  const { describe } = await import('../devices/found.ts')
  for (const each of found) {
    describe(each).forEach((line) => { print(line) })
    print()
  }
  print('Put the lines of your grid meter into config.yaml, then run `wattmesh devices test`.')
}

async function list ({ json }: { json?: boolean }): Promise<void> {
  const { drivers } = await import('../../drivers/index.ts')
  if (json === true) {
    printJson(drivers.map(({ type, title, testedWith, params }) => ({ type, title, testedWith, params })))
    return
  }
  table(['driver', 'device', 'tested with'], drivers.map(({ type, title, testedWith }) => [type, title, testedWith])).forEach((line) => { print(line) })
  print()
  print('None has met the real device unless its page says so: compare its values with the display before you sell.')
  print('Settings of each: docs/reference/devices.md')
}
