import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface EntityState {
  readonly state: string
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Unix seconds. */
  readonly updated: number
  readonly reported?: number
  /** The device it belongs to, and how its integration knows it, as the registry tells. */
  readonly device?: string
  readonly uniqueId?: string
}

export interface HomeAssistantStub {
  readonly url: string
  readonly states: Map<string, EntityState>
  /** Entities that were asked about: when they were last reported. */
  readonly asked: string[]
  /** Sends any text to whoever is connected, after the login. */
  say(text: string): void
  /** Changes a state and tells the subscribers as Home Assistant does: only what is new. */
  change(id: string, state: string): void
  /** Cuts every connection, and takes new ones only when it is back. */
  leave(): void
  comeBack(): void
  /** Takes the token away, which ends its connections. */
  revoke(): void
  close(): Promise<void>
}

export const HA_TOKEN = 'long-lived'

/**
 * What the energy driver needs of Home Assistant: login, preferences, registry, compressed states, and templates that ask for `last_reported`, as
 * Home Assistant 2026.11 answers them. It is too heavy to be installed for every run of the tests.
 */
export async function homeAssistantStub (preferences: unknown, states: Record<string, EntityState>): Promise<HomeAssistantStub> {
  const known = new Map(Object.entries(states))
  const asked: string[] = []
  const sockets = new Map<Socket, { subscription?: number, ids: readonly string[] }>()
  const server = createServer((_, response) => {
    response.writeHead(404).end()
  })
  let [isAway, isRevoked] = [false, false]
  const send = (socket: Socket, message: unknown): void => { socket.write(frame(JSON.stringify(message))) }
  const answer = (socket: Socket, message: { id: number, type: string, access_token?: string, entity_id?: string, entity_ids?: string[], variables?: { entity?: string } }): void => {
    const { id, type } = message
    if (type === 'auth') {
      send(socket, message.access_token === HA_TOKEN && !isRevoked ? { type: 'auth_ok', ha_version: '2026.11.0' } : { type: 'auth_invalid', message: 'no' })
    } else if (type === 'energy/get_prefs') {
      send(socket, { id, type: 'result', success: true, result: preferences })
    } else if (type === 'config/entity_registry/list_for_display') {
      const registered = [...known].map(([ei, { device: di }]) => ({ ei, pl: 'mqtt', lb: [], ...di == null ? {} : { di } }))
      send(socket, { id, type: 'result', success: true, result: { entity_categories: { 0: 'config', 1: 'diagnostic' }, entities: registered } })
    } else if (type === 'config/entity_registry/get') {
      const { uniqueId } = known.get(message.entity_id ?? '') ?? {}
      send(socket, uniqueId == null
        ? { id, type: 'result', success: false, error: { code: 'not_found', message: 'Entity not found' } }
        : { id, type: 'result', success: true, result: { entity_id: message.entity_id, unique_id: uniqueId, platform: 'mqtt' } })
    } else if (type === 'render_template') {
      const { entity = '' } = message.variables ?? {}
      asked.push(entity)
      const { updated, reported = updated } = known.get(entity) ?? {}
      send(socket, { id, type: 'result', success: true, result: null })
      send(socket, { id, type: 'event', event: { result: reported ?? 'None', listeners: { all: false, entities: [entity], domains: [], time: false } } })
    } else if (type === 'subscribe_entities') {
      const { entity_ids: ids = [] } = message
      sockets.set(socket, { subscription: id, ids })
      send(socket, { id, type: 'result', success: true, result: null })
      const added = ids.filter((each) => known.has(each)).map((each) => {
        const { state, attributes = {}, updated } = known.get(each) as EntityState
        return [each, { s: state, a: attributes, c: 'x', lc: updated }]
      })
      setImmediate(() => { send(socket, { id, type: 'event', event: { a: Object.fromEntries(added) } }) })
    } else {
      send(socket, { id, type: 'result', success: true, result: null })
    }
  }
  server.on('upgrade', (request, socket: Socket) => {
    if (isAway) {
      socket.destroy()
      return
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    sockets.set(socket, { ids: [] })
    let rest = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (let next = unframe(rest); next != null; next = unframe(rest)) {
        rest = rest.subarray(next.bytes)
        if (next.opcode === 8) {
          socket.end()
        } else if (next.opcode === 1) {
          const message: unknown = JSON.parse(next.text)
          ;[message].flat().forEach((each) => { answer(socket, each as Parameters<typeof answer>[1]) })
        }
      }
    })
    send(socket, { type: 'auth_required', ha_version: '2026.11.0' })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const cut = (): void => { [...sockets.keys()].forEach((socket) => { socket.destroy() }) }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    states: known,
    asked,
    say: (text) => { [...sockets.keys()].forEach((socket) => { socket.write(frame(text)) }) },
    change (id, state) {
      const before = known.get(id)
      const updated = Date.now() / 1000
      known.set(id, { ...before, state, updated })
      for (const [socket, { subscription }] of sockets) {
        send(socket, { id: subscription, type: 'event', event: { c: { [id]: { '+': { s: state, lc: updated } } } } })
      }
    },
    leave () {
      isAway = true
      cut()
    },
    comeBack () { isAway = false },
    revoke () {
      isRevoked = true
      cut()
    },
    close: async () => {
      cut()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    }
  }
}

/** One unmasked text frame of RFC 6455. */
function frame (text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length < 126) {
    return Buffer.concat([Buffer.from([0x81, payload.length]), payload])
  }
  const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** The first masked frame of what arrived; undefined while it is incomplete. */
function unframe (data: Buffer): { opcode: number, text: string, bytes: number } | undefined {
  if (data.length < 6) {
    return undefined
  }
  const short = data[1] & 0x7f
  const start = short === 126 ? 4 : 2
  const length = short === 126 ? data.readUInt16BE(2) : short
  const bytes = start + 4 + length
  if (data.length < bytes) {
    return undefined
  }
  const mask = data.subarray(start, start + 4)
  const text = Buffer.from(data.subarray(start + 4, bytes).map((byte, at) => byte ^ mask[at % 4])).toString('utf8')
  return { opcode: data[0] & 0x0f, text, bytes }
}
