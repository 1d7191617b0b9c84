/**
 * Tells a broker in the house what the node does, in the way Home Assistant discovers: bought, sold, imported and exported energy
 * and the money for it, for its energy dashboard. Whatever is unknown is unavailable there, and never zero; totals never fall.
 */
import { readFile } from 'node:fs/promises'
import { connect } from 'mqtt'
import { CodedError, explain } from '../domain/errors.ts'
import { formatMoney } from '../domain/units.ts'
import { discoveryOf } from './mqtt-discovery.ts'
import { lifetimeTotals } from './totals.ts'
import type { Situation } from './mqtt-discovery.ts'
import type { EnergyNode } from '../node/node.ts'
import type { Logger } from '../ports/telemetry.ts'

export interface MqttPublisherInit {
  /** `mqtt://` or `mqtts://`, a host, perhaps a port. */
  readonly url: string
  readonly username?: string
  readonly passwordFile?: string
  /** Where Home Assistant listens for devices. */
  readonly discoveryPrefix: string
  /** First part of our topics. */
  readonly topic: string
  /** What money is shown in; the token's symbol unless given. */
  readonly currency?: string
  /** Where the highest totals ever told are kept. */
  readonly file: string
  readonly periodSec: number
  /** Lets Home Assistant pause trading: whoever may write to the broker can do it then. */
  readonly pauseSwitch: boolean
}

export interface MqttPublisherComponents {
  readonly node: EnergyNode
  readonly logger: Logger
}

/** News wait this long for more, and everything is told at least so often. */
const NEWS_MS = 1000
const EVERY_MS = 60_000

/** A wall clock that moved further than the one that counts was set in between. */
const MAX_CLOCK_JUMP_MS = 2000

/** Returns at once, and calls the broker for as long as it takes. Throws `API_NO_PASSWORD` when the password's file cannot be read. */
export async function startMqttPublisher (init: MqttPublisherInit, { node, logger }: MqttPublisherComponents): Promise<{ stop(): Promise<void> }> {
  const id = `wattmesh_${node.status().key.slice(2, 14)}`
  const base = `${init.topic}/${id}`
  const topics = { state: `${base}/state`, availability: `${base}/availability`, command: `${base}/pause/set` }
  const totals = lifetimeTotals(init.file, { node, logger })
  const clock = steadyClock()
  let discovered = ''
  let isStopped = false
  let isReported = false
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> = Promise.resolve()

  const client = connect(init.url, {
    username: init.username,
    password: init.passwordFile == null ? undefined : await readPassword(init.passwordFile),
    reconnectPeriod: 5000,
    will: { topic: topics.availability, payload: Buffer.from('offline'), qos: 1, retain: true }
  })
  const say = async (topic: string, payload: string): Promise<void> => {
    await client.publishAsync(topic, payload, { qos: 1, retain: true })
  }

  const situation = async (): Promise<Situation> => {
    const status = node.status()
    const paused = status.pausedBy === 'owner' ? 'paused' : 'waiting'
    const next = status.time - status.time % init.periodSec + init.periodSec
    const [wallet, sums, coming] = await Promise.all([
      node.wallet().catch(() => undefined), totals.now(status.time), node.trades({ from: next, to: next + init.periodSec })
    ])
    const decimals = wallet?.token.decimals
    const money = (amount: bigint): string | null => decimals == null ? null : formatMoney(amount, decimals, Math.min(decimals, 6))
    const agreed = (role: 'seller' | 'buyer'): number => coming.filter((trade) => trade.role === role && trade.state === 'agreed').reduce((wh, { terms }) => wh + (terms?.wh ?? 0), 0)
    return {
      currency: wallet == null ? undefined : init.currency ?? wallet.token.symbol,
      values: {
        import: kwh(sums.importWh),
        export: kwh(sums.exportWh),
        supplier_import: kwh(sums.supplierImportWh),
        supplier_export: kwh(sums.supplierExportWh),
        sold: kwh(sums.soldWh),
        bought: kwh(sums.boughtWh),
        earned: money(sums.earned),
        spent: money(sums.spent),
        offers: status.openOrders,
        next_sold: agreed('seller'),
        next_bought: agreed('buyer'),
        deposit: wallet == null ? null : money(wallet.account.balance - wallet.account.reserved),
        peers: status.peers.length,
        status: status.pausedBy == null ? 'trading' : paused,
        meter: status.meter.problem == null ? 'OFF' : 'ON',
        clock: clock.isSteady() ? 'ON' : 'OFF',
        pause: status.knobs.paused ? 'ON' : 'OFF'
      }
    }
  }

  const tell = async (): Promise<void> => {
    if (isStopped || !client.connected) {
      return
    }
    const { values, currency } = await situation()
    const discovery = JSON.stringify(discoveryOf({ id, name: node.status().name, topics, currency, hasPause: init.pauseSwitch }))
    if (discovery !== discovered) {
      await say(`${init.discoveryPrefix}/device/${id}/config`, discovery)
      discovered = discovery
    }
    await say(topics.state, JSON.stringify(values))
    await say(topics.availability, 'online')
  }
  const soon = (delayMs: number): void => {
    clearTimeout(timer)
    timer = isStopped ? undefined : setTimeout(() => { run() }, delayMs)
  }
  const run = (): void => {
    telling = telling.then(tell).catch((error: unknown) => { logger.warn('the broker could not be told', { error: explain(error) }) })
    soon(EVERY_MS)
  }
  let hasNews = false
  const off = node.on(() => {
    if (!hasNews) {
      hasNews = true
      setTimeout(() => {
        hasNews = false
        run()
      }, NEWS_MS).unref()
    }
  })

  client.on('connect', () => {
    isReported = false
    discovered = '' // a broker that restarted may have forgotten
    init.pauseSwitch && client.subscribe(topics.command)
    run()
  })
  client.on('message', (topic, payload, { retain }) => {
    const command = payload.toString('utf8')
    if (init.pauseSwitch && topic === topics.command && !retain && (command === 'ON' || command === 'OFF')) {
      node.changeKnobs({ paused: command === 'ON' }).then(run, (error: unknown) => { logger.warn('trading could not be paused', { error: explain(error) }) })
    }
  })
  client.on('error', (error) => {
    logger[isReported ? 'debug' : 'warn']('the broker cannot be reached', { url: init.url, error: explain(error) })
    isReported = true
  })

  return {
    async stop () {
      isStopped = true
      off()
      clearTimeout(timer)
      const gone = new Promise<void>((resolve) => { client.connected ? client.once('close', () => { resolve() }) : resolve() })
      await Promise.race([gone, telling.then(async () => say(topics.availability, 'offline'))])
      await client.endAsync(true)
    }
  }
}

async function readPassword (file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CodedError('API_NO_PASSWORD', `${file} cannot be read: put the broker's password there, or take mqtt.passwordFile out of the settings.`, { cause, details: { file } })
  })
  return text.replace(/\r?\n$/, '')
}

/** False for an hour after the wall clock was set while the node ran: what was metered around it may be a period off. */
function steadyClock (): { isSteady(): boolean } {
  const difference = (): number => Date.now() - performance.now()
  let [last, steppedAt] = [difference(), -Infinity]
  return {
    isSteady () {
      const now = difference()
      if (Math.abs(now - last) > MAX_CLOCK_JUMP_MS) {
        steppedAt = performance.now()
      }
      last = now
      return performance.now() - steppedAt > 3_600_000
    }
  }
}

const kwh = (wh: number): string => (wh / 1000).toFixed(3)
