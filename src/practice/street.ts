/**
 * A street of real nodes on this machine: an embedded chain with the escrow and practice money, and one process per home
 * that runs exactly what `wattmesh start` runs. All of them share one clock that runs faster than the wall.
 */
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createOwnerSettlement } from '../chain/owner.ts'
import { startPracticeChain } from '../chain/practice-chain.ts'
import { writeKeyFile } from '../config/key-file.ts'
import { createDataDirectory, dataPaths } from '../config/paths.ts'
import { writeConfigFile } from '../config/template.ts'
import { toCsv } from '../drivers/profile-csv.ts'
import { addressOf, publicKeyOf } from '../signing/keys.ts'
import { startHomeProcess } from './home-process.ts'
import type { HomeProcess } from './home-process.ts'
import type { ProfiledHome, StreetProfiles } from './profiles.ts'
import type { ApiClient } from '../api/client.ts'
import type { PracticeChain } from '../chain/practice-chain.ts'
import type { PartialConfig } from '../config/schema.ts'
import type { Account, Hex, UnixSeconds } from '../domain/units.ts'

/** What every practice home pays and gets without neighbours, in practice euros per kWh. */
export const PRACTICE_TARIFF = { retail: '0.30', feedIn: '0.08' }

const DECIMALS = 6
const TOKEN = 1_000_000n
const DEPOSIT = 200n * TOKEN
const DAILY_LIMIT = 100n * TOKEN
const GAS_WEI = 10n ** 20n
const DAY_SEC = 86_400
const WINDOW_SEC = 1800
const BLOCK_MS = 250
/** How long neighbours may take to find each other before they are introduced. */
const DISCOVERY_MS = 6_000

export interface StreetInit {
  readonly profiles: StreetProfiles
  readonly seed: number
  readonly periods: number
  readonly periodSec: number
  /** Market seconds per real second. */
  readonly speed: number
  /** Empty folder for the homes' data. */
  readonly folder: string
  /** Program and arguments that start one node; the data directory is added. */
  readonly command: readonly string[]
  readonly chainPort?: number
  /** False introduces the homes by their addresses instead of letting them find each other. */
  readonly mdns?: boolean
  /** What is different in one home, beginning with 0. */
  homeOf?(index: number): HomeChanges
  /** Interrupts the start. */
  readonly signal?: AbortSignal
  /** What is being waited for, in one line. */
  onProgress(line: string): void
}

export interface HomeChanges {
  /** Goes before the program that starts the node. */
  readonly wrapper?: readonly string[]
  /** Settings beside and in place of those of every home. */
  readonly config?: PartialConfig
  /** How many seconds its clock is ahead of the street's. */
  readonly aheadSec?: number
}

export interface StreetHome {
  readonly name: string
  readonly owner: Account
  readonly folder: string
  readonly peerId: string
  readonly profile: ProfiledHome
  readonly process: HomeProcess
  readonly api: ApiClient
}

export interface Street {
  readonly homes: readonly StreetHome[]
  readonly chain: PracticeChain
  readonly discovery: 'mdns' | 'bootstrap'
  readonly decimals: number
  /** First second of the run and first after it, in market time. */
  readonly from: UnixSeconds
  readonly until: UnixSeconds
  readonly periodSec: number
  now(): UnixSeconds
  /** Starts the process of a home again over the same data, after it stopped or was killed. */
  restart(home: StreetHome): Promise<void>
  stop(): Promise<void>
}

/** Throws what the chain, a home or the folder throws, or the signal's reason, with everything stopped that was started. */
export async function startStreet (init: StreetInit): Promise<Street> {
  const cleanups = createCleanups()
  const aborted = new Promise<never>((resolve, reject) => {
    init.signal?.addEventListener('abort', () => { reject(init.signal?.reason) }, { once: true })
  })
  try {
    return await Promise.race([build(init, cleanups), aborted])
  } catch (error) {
    await cleanups.run()
    throw error
  }
}

interface Cleanups {
  /** What is added after `run` is cleaned up at once: starting goes on for a moment after it was interrupted. */
  add(cleanup: () => Promise<void>): void
  /** Newest first. */
  run(): Promise<void>
}

function createCleanups (): Cleanups {
  const cleanups: Array<() => Promise<void>> = []
  let isOver = false
  return {
    add (cleanup) {
      if (isOver) {
        cleanup().catch(() => {})
      } else {
        cleanups.push(cleanup)
      }
    },
    async run () {
      isOver = true
      for (const cleanup of cleanups.splice(0).reverse()) {
        await cleanup()
      }
    }
  }
}

async function build (init: StreetInit, cleanups: Cleanups): Promise<Street> {
  const { profiles, periods, periodSec, speed, onProgress } = init
  const from = profiles.from
  const until = from + periods * periodSec
  const bootSec = 4 + profiles.homes.length * 0.8 + (init.mdns === false ? 0 : DISCOVERY_MS / 1000)
  const opening = from - WINDOW_SEC - Math.ceil(bootSec * speed)

  onProgress('starting an embedded chain and deploying the escrow')
  const chain = await startPracticeChain({ timestamp: opening - DAY_SEC, port: init.chainPort })
  cleanups.add(async () => chain.stop())

  onProgress(`opening accounts for ${profiles.homes.length} homes`)
  const plans = profiles.homes.map((profile, index) => planHome(profile, index, init))
  await fundHomes(plans, chain, opening - DAY_SEC / 2)

  const realStartMs = Date.now()
  const now = (): UnixSeconds => Math.floor(opening + (Date.now() - realStartMs) / 1000 * speed)
  cleanups.add(mineRegularly(chain, now, Math.max(BLOCK_MS, 1000 / speed)))

  onProgress(`starting ${profiles.homes.length} nodes, one process each`)
  const mdnsTag = `_wm-${randomBytes(4).toString('hex')}._udp.local`
  const processes = new Set<HomeProcess>()
  cleanups.add(async () => { await Promise.all([...processes].map(async (process) => process.stop())) })
  const startHome = async ({ paths, profile, owner, changes }: HomePlan): Promise<StreetHome> => {
    const process = await startHomeProcess({
      name: profile.name, command: [...changes.wrapper ?? [], ...init.command], folder: paths.directory, apiFile: paths.api, logFile: join(paths.directory, 'node.log')
    })
    processes.add(process)
    if (init.signal?.aborted === true) {
      await process.kill()
    }
    const api = await process.ready()
    const { peerId } = await api.status()
    return { name: profile.name, owner, folder: paths.directory, peerId, profile, process, api }
  }
  const homes = await Promise.all(plans.map(async (plan) => {
    await writeHome(plan, { init, chain, mdnsTag, clock: { speed, realStartMs, marketStart: opening } })
    return startHome(plan)
  }))
  // whoever was given addresses finds the others by itself
  const discovery = await introduce(homes.filter((_, index) => plans[index].changes.config?.network?.bootstrap == null), init.mdns !== false)
  onProgress(discovery === 'mdns'
    ? 'the homes found each other by mDNS'
    : `${init.mdns === false ? '' : 'multicast is not available here: '}the homes were introduced by their addresses`)
  const restart = async (home: StreetHome): Promise<void> => {
    await home.process.kill()
    const index = homes.indexOf(home)
    homes[index] = await startHome(plans[index])
  }
  return { homes, chain, discovery, decimals: DECIMALS, from, until, periodSec, now, restart, stop: cleanups.run }
}

interface HomePlan {
  readonly profile: ProfiledHome
  readonly paths: ReturnType<typeof dataPaths>
  readonly ownerKey: Hex
  readonly hotKey: Hex
  readonly owner: Account
  readonly hot: Account
  readonly changes: HomeChanges
}

/** Keys follow from the seed, so that the same run has the same accounts. */
export function practiceKey (role: 'owner' | 'node', seed: number, index: number): Hex {
  return `0x${createHash('sha256').update(`wattmesh practice ${role} ${seed} ${index}`).digest('hex')}`
}

function planHome (profile: ProfiledHome, index: number, { seed, folder, homeOf }: StreetInit): HomePlan {
  const [ownerKey, hotKey] = [practiceKey('owner', seed, index), practiceKey('node', seed, index)]
  const paths = dataPaths({ option: join(folder, `${index + 1}-${profile.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`) })
  return { profile, paths, ownerKey, hotKey, owner: addressOf(publicKeyOf(ownerKey)), hot: addressOf(publicKeyOf(hotKey)), changes: homeOf?.(index) ?? {} }
}

/** Gives each owner gas and money, deposits it and registers the hot key: what an owner does once by hand. */
async function fundHomes (plans: readonly HomePlan[], chain: PracticeChain, time: UnixSeconds): Promise<void> {
  for (const { owner, hot } of plans) {
    await chain.fund(owner, { gas: GAS_WEI, money: DEPOSIT })
    await chain.fund(hot, { gas: GAS_WEI, money: 0n })
  }
  const stopMining = mineRegularly(chain, () => time, 50)
  try {
    await Promise.all(plans.map(async ({ ownerKey, hot }) => {
      const owner = createOwnerSettlement({ ...chain, pollMs: 50, ownerPrivateKey: ownerKey })
      await owner.deposit(DEPOSIT)
      await owner.setKey(hot, time + 60 * DAY_SEC, DAILY_LIMIT)
    }))
  } finally {
    await stopMining()
  }
}

/** Mines a block every `everyMs` real milliseconds, so that the chain's clock follows the market's. Returns the way to stop. */
function mineRegularly (chain: PracticeChain, now: () => UnixSeconds, everyMs: number): () => Promise<void> {
  const stopped = new AbortController()
  const mine = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await chain.mine(now()).catch(() => {})
      await sleep(everyMs)
    }
  }
  const mining = mine()
  return async () => {
    stopped.abort()
    await mining
  }
}

async function writeHome (plan: HomePlan, { init, chain, mdnsTag, clock }: {
  init: StreetInit, chain: PracticeChain, mdnsTag: string, clock: { speed: number, realStartMs: number, marketStart: UnixSeconds }
}): Promise<void> {
  const { paths, profile, owner, hotKey, changes } = plan
  const { speed, periodSec, profiles, periods } = init
  createDataDirectory(paths)
  writeKeyFile(paths.key, hotKey)
  const file = profile.file ?? join(paths.directory, 'profile.csv')
  if (profile.file == null) {
    await writeFile(file, toCsv(profile.profile))
  }
  const realSeconds = (seconds: number, least: number): number => Math.max(least, Math.ceil(seconds * speed))
  const config: PartialConfig = {
    name: profile.name,
    owner,
    market: {
      area: 'practice street',
      chainId: chain.chainId,
      escrow: chain.escrow,
      periodSec,
      windowSec: WINDOW_SEC,
      confirmSec: realSeconds(1, 5),
      clockToleranceSec: realSeconds(0.05, 5)
    },
    chain: { rpc: chain.rpcUrl, confirmations: 2, pollMs: BLOCK_MS, deployBlock: Number(chain.deployBlock) },
    tariff: PRACTICE_TARIFF,
    network: { listen: ['/ip4/0.0.0.0/tcp/0'], mdns: init.mdns !== false, mdnsTag, dht: false, portMapping: false, reachability: false, relay: false, relayForOthers: false, holePunching: false },
    meter: { driver: 'csv-replay', params: { file } },
    trading: {
      lookMinSec: realSeconds(0.15, 15),
      lookMaxSec: realSeconds(0.3, 30),
      from: profiles.from,
      until: profiles.from + periods * periodSec
    },
    tabs: { settleEverySec: 4 * 3600 },
    clock: { ...clock, marketStart: clock.marketStart + (changes.aheadSec ?? 0) },
    log: { level: 'debug' }
  }
  writeConfigFile(paths.config, mergeConfig(config, changes.config ?? {}))
}

/** Groups are merged setting by setting. */
function mergeConfig (config: PartialConfig, changes: PartialConfig): PartialConfig {
  const groups = config as Record<string, unknown>
  return { ...config, ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, typeof value === 'object' ? { ...groups[name] as object, ...value } : value])) }
}

/** Waits until every home has a neighbour. Homes that hear no multicast are given each other's addresses. */
async function introduce (homes: readonly StreetHome[], hasMdns: boolean): Promise<Street['discovery']> {
  const wanted = Math.min(homes.length - 1, 4)
  const isAlone = async ({ api }: StreetHome): Promise<boolean> => (await api.status()).peers.length < wanted
  const deadline = Date.now() + (hasMdns ? DISCOVERY_MS : 0)
  while (Date.now() < deadline) {
    if (!(await Promise.all(homes.map(isAlone))).includes(true)) {
      return 'mdns'
    }
    await sleep(100)
  }
  for (const [index, { api }] of homes.entries()) {
    const { addresses } = await api.status()
    const address = addresses.find((each) => each.includes('/127.0.0.1/')) ?? addresses[0]
    await Promise.all(homes.slice(index + 1).map(async (other) => other.api.dial(address)))
  }
  return 'bootstrap'
}
