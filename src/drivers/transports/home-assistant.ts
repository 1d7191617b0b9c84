import { Connection, createLongLivedTokenAuth, ERR_CANNOT_CONNECT, ERR_INVALID_AUTH } from 'home-assistant-js-websocket'
import { toNumber } from '../quantity.ts'
import { denied, elapsedMs, parseAnswer, unreachable } from './json-source.ts'
import type { Elapsed } from './json-source.ts'
import type { ConnectionOptions, HaWebSocket } from 'home-assistant-js-websocket'

/** What Home Assistant knows of one entity. */
export interface Entity {
  readonly state: string
  readonly attributes: Readonly<Record<string, unknown>>
  /** Since Home Assistant last heard from its device. */
  readonly ageMs: number
}

/** What a meter measures. Integrations that write a state only when it changed (MQTT) still show by one of these that it lives. */
const MEASURED: readonly unknown[] = ['energy', 'power', 'voltage', 'current', 'frequency', 'power_factor', 'apparent_power', 'reactive_power']

/** Of one device, so many sensors are watched beside those that were chosen. */
const MAX_SIBLINGS = 50

export interface HomeAssistant {
  preferences(): Promise<unknown>
  /** By which the integration of an entity knows it; undefined for one that has none. */
  uniqueId(id: string): Promise<string | undefined>
  /** Has the entities' states sent from now on, and waits for the first. */
  watch(ids: readonly string[]): Promise<void>
  /** Undefined for an entity that Home Assistant does not have. Throws `DEVICE_UNREACHABLE`. */
  entity(id: string): Promise<Entity | undefined>
  close(): Promise<void>
}

export interface HomeAssistantInit {
  /** `http://homeassistant.local:8123`. */
  readonly url: string
  readonly token: string
  nowMs(): number
  readonly elapsed?: Elapsed
}

/** What has not changed for so long is looked up: it may be constant, or dead. */
const ASK_AFTER_MS = 10_000

/** States are only sent when they change; the page `/api/states` keeps the first `last_reported` anyone asked for until then. */
const LAST_REPORTED = '{{ as_timestamp(states[entity].last_reported, none) }}'

/** For greeting and login, and for the first states. */
const MAX_LOGIN_MS = 10_000

interface Kept {
  readonly state: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly at: number
}

/** Compressed states as `subscribe_entities` sends them: added, changed, removed. */
interface Update {
  readonly a?: Readonly<Record<string, { s: string, a?: Record<string, unknown>, lc?: number, lu?: number }>>
  readonly c?: Readonly<Record<string, { '+'?: { s?: string, a?: Record<string, unknown> }, '-'?: { a?: string[] } }>>
  readonly r?: readonly string[]
}

/** Throws `DEVICE_UNREACHABLE` and `DEVICE_DENIED`. Later it reconnects for as long as it takes. */
export async function homeAssistant (init: HomeAssistantInit): Promise<HomeAssistant> {
  const { url, token, nowMs, elapsed = elapsedMs } = init
  const options: ConnectionOptions = { setupRetry: -1, auth: createLongLivedTokenAuth(url.replace(/\/$/, ''), token), createSocket: openSocket }
  const connection = new Connection(await openSocket(options).catch((error: unknown) => {
    throw error === ERR_INVALID_AUTH ? denied(url) : unreachable(url, error)
  }), options)
  const entities = new Map<string, Kept>()
  let siblings: ReadonlyMap<string, readonly string[]> = new Map()
  let isDenied = false

  const apply = ({ a = {}, c = {}, r = [] }: Update): void => {
    for (const [id, { s, a: attributes = {}, lu, lc }] of Object.entries(a)) {
      entities.set(id, { state: s, attributes, at: elapsed() - Math.max(0, nowMs() - 1000 * (lu ?? lc ?? 0)) })
    }
    for (const [id, change] of Object.entries(c)) {
      const before = entities.get(id)
      if (before != null) {
        const attributes = { ...before.attributes, ...change['+']?.a }
        change['-']?.a?.forEach((name) => { Reflect.deleteProperty(attributes, name) })
        entities.set(id, { state: change['+']?.s ?? before.state, attributes, at: elapsed() })
      }
    }
    r.forEach((id) => entities.delete(id))
  }

  /** The age by `last_reported`, or as it was before when the question fails. */
  const reportedAge = async (id: string, ageMs: number): Promise<number> => {
    const told = Promise.withResolvers<unknown>()
    const listen = connection.subscribeMessage(({ result }: { result?: unknown }) => { told.resolve(result) }, {
      type: 'render_template', template: LAST_REPORTED, variables: { entity: id }
    }, { resubscribe: false })
    const reported = toNumber(await inTime(listen.then(async () => told.promise)).catch(() => undefined))
    listen.then(async (end) => end()).catch(() => {}) // the connection is gone, and the question with it
    const kept = entities.get(id)
    if (reported == null || kept == null) {
      return ageMs
    }
    const at = Math.max(kept.at, elapsed() - Math.max(0, nowMs() - 1000 * reported))
    entities.set(id, { ...kept, at })
    return elapsed() - at
  }

  /** Since the newest of what its device measures came: a register that rests at night is as fresh as the voltage beside it. */
  const heardMs = (id: string): number => {
    const beside = (siblings.get(id) ?? []).map((each) => entities.get(each)).filter((kept) => kept != null)
    const measured = beside.filter(({ state, attributes }) => MEASURED.includes(attributes.device_class) && toNumber(state) != null)
    return elapsed() - Math.max(entities.get(id)?.at ?? -Infinity, ...measured.map(({ at }) => at))
  }

  connection.addEventListener('disconnected', () => { entities.clear() })
  connection.addEventListener('reconnect-error', () => { isDenied = true })

  return {
    preferences: async () => connection.sendMessagePromise({ type: 'energy/get_prefs' }),
    async uniqueId (id) {
      const entry: unknown = await inTime(connection.sendMessagePromise({ type: 'config/entity_registry/get', entity_id: id })).catch(() => undefined)
      const { unique_id: uniqueId } = (entry ?? {}) as { unique_id?: unknown }
      return typeof uniqueId === 'string' ? uniqueId : undefined
    },
    async watch (ids) {
      siblings = siblingsOf(ids, await inTime(connection.sendMessagePromise({ type: 'config/entity_registry/list_for_display' })).catch(() => undefined))
      const watched = [...new Set([...ids, ...[...siblings.values()].flat()])]
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => { reject(unreachable(url)) }, MAX_LOGIN_MS)
        const first = (update: Update): void => {
          apply(update)
          clearTimeout(timer)
          resolve()
        }
        connection.subscribeMessage(first, { type: 'subscribe_entities', entity_ids: watched }).catch((cause: unknown) => {
          clearTimeout(timer)
          reject(unreachable(url, cause))
        })
      })
    },
    async entity (id) {
      if (!connection.connected) {
        throw isDenied ? denied(url) : unreachable(url)
      }
      const kept = entities.get(id)
      if (kept == null) {
        return undefined
      }
      const ageMs = heardMs(id)
      const isNumber = toNumber(kept.state) != null
      return { state: kept.state, attributes: kept.attributes, ageMs: isNumber && ageMs > ASK_AFTER_MS ? await reportedAge(id, ageMs) : ageMs }
    },
    async close () {
      connection.close()
    }
  }
}

/** The sensors of the same device, for each entity that belongs to one, from the registry as it is listed for display. */
function siblingsOf (ids: readonly string[], registry: unknown): Map<string, readonly string[]> {
  const { entities } = (registry ?? {}) as { entities?: unknown }
  const listed = (Array.isArray(entities) ? entities as unknown[] : []).map((entry) => (entry ?? {}) as { ei?: unknown, di?: unknown })
  const deviceOf = new Map(listed.flatMap(({ ei, di }) => typeof ei === 'string' && typeof di === 'string' ? [[ei, di]] : []))
  return new Map(ids.filter((id) => deviceOf.has(id)).map((id) => {
    const beside = [...deviceOf].filter(([other, device]) => other.startsWith('sensor.') && device === deviceOf.get(id))
    return [id, beside.map(([other]) => other).slice(0, MAX_SIBLINGS)]
  }))
}

async function inTime<T> (answer: Promise<T>): Promise<T | undefined> {
  const signal = AbortSignal.timeout(MAX_LOGIN_MS)
  return Promise.race([answer, new Promise<undefined>((resolve) => { signal.addEventListener('abort', () => { resolve(undefined) }) })])
}

/**
 * The vendor's client believes every message and throws where nobody catches; this socket hands on only those that parse, and logs in.
 * Rejects with the client's own error numbers.
 */
async function openSocket ({ auth }: ConnectionOptions): Promise<HaWebSocket> {
  const socket = new WebSocket(auth?.wsUrl ?? '')
  const guarded = guard(socket)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { socket.close(); reject(ERR_CANNOT_CONNECT) }, MAX_LOGIN_MS)
    const fail = (reason: number): void => {
      clearTimeout(timer)
      socket.close()
      reject(reason)
    }
    const onClose = (): void => { fail(ERR_CANNOT_CONNECT) }
    guarded.addEventListener('close', onClose)
    guarded.addEventListener('error', onClose)
    guarded.addEventListener('message', function greet ({ data }: MessageEvent<string>) {
      const { type, ha_version: version } = JSON.parse(data) as { type?: unknown, ha_version?: unknown }
      if (type === 'auth_required') {
        socket.send(JSON.stringify({ type: 'auth', access_token: auth?.accessToken }))
      } else if (type === 'auth_invalid') {
        fail(ERR_INVALID_AUTH)
      } else if (type === 'auth_ok') {
        clearTimeout(timer)
        guarded.removeEventListener('message', greet)
        guarded.removeEventListener('close', onClose)
        guarded.removeEventListener('error', onClose)
        resolve(Object.assign(guarded, { haVersion: typeof version === 'string' ? version : '0.0.0' }))
      }
    })
  })
}

/** The same socket, whose listeners see no message that is huge or no JSON, and cannot end the process over one they do not expect. */
function guard (socket: WebSocket): HaWebSocket {
  const listeners = new Map<unknown, (event: Event) => void>()
  const checked = (listener: (event: Event) => void) => (event: Event): void => {
    try {
      const data: unknown = 'data' in event ? event.data : '{}'
      parseAnswer(typeof data === 'string' ? data : '', 'Home Assistant')
      listener.call(socket, event)
    } catch {
      // what makes no sense was not said: the values only grow old
    }
  }
  return new Proxy(socket, {
    get (target, name) {
      if (name === 'addEventListener') {
        return (type: string, listener: (event: Event) => void) => {
          listeners.set(listener, checked(listener))
          target.addEventListener(type, listeners.get(listener) ?? listener)
        }
      }
      if (name === 'removeEventListener') {
        return (type: string, listener: (event: Event) => void) => { target.removeEventListener(type, listeners.get(listener) ?? listener) }
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target)
  }) as HaWebSocket
}
