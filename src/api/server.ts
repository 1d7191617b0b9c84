/**
 * The node's local HTTP interface, for the command line and whatever else lives on this machine. It binds to the loopback
 * address, wants the bearer token that only the owner of the data directory can read, and never signs anything for anyone.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { fastify } from 'fastify'
import { CodedError, explain } from '../domain/errors.ts'
import type { Json } from './client.ts'
import type { KnobChanges } from '../node/knobs.ts'
import type { EnergyNode } from '../node/node.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AddressInfo } from 'node:net'

export interface ApiInit {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Where the address and the token are written for local programs, readable by the owner only. */
  readonly file: string
}

export interface Api {
  readonly url: string
  stop(): Promise<void>
}

/** What `api.json` holds. */
export interface ApiAccess {
  readonly url: string
  readonly token: string
}

/** Throws `API_PORT_IN_USE`. */
export async function startApi (init: ApiInit, components: { node: EnergyNode, logger: Logger }): Promise<Api> {
  const { node, logger } = components
  const token = randomBytes(32).toString('hex')
  const app = fastify({ forceCloseConnections: true, bodyLimit: 16_384, ajv: { customOptions: { removeAdditional: false } } })
  app.setReplySerializer((payload) => toJson(payload))
  app.addHook('onRequest', async (request, reply) => {
    if (!hasToken(request, token)) {
      await reply.code(401).send(problem(401, 'API_UNAUTHORIZED', 'Send the token from api.json in the data directory as a bearer token.'))
    }
  })
  app.setErrorHandler((error, request, reply) => {
    const code = error instanceof CodedError ? error.code : 'API_FAILED'
    logger.warn('a request failed', { url: request.url, code, error: explain(error) })
    void reply.code(400).send(problem(400, code, explain(error)))
  })
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send(problem(404, 'API_NOT_FOUND', `There is nothing at ${request.url}.`))
  })
  addRoutes(app, node)

  try {
    await app.listen({ host: init.host, port: init.port })
  } catch (cause) {
    throw new CodedError('API_PORT_IN_USE', `Port ${init.port} on ${init.host} is taken by another program: set api.port to another one, or to 0 for any free port.`, { cause })
  }
  const address = app.server.address() as AddressInfo
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  const access: ApiAccess = { url, token }
  await rm(init.file, { force: true })
  await writeFile(init.file, JSON.stringify(access), { mode: 0o600 })
  await chmod(init.file, 0o600)
  return {
    url,
    async stop () {
      await rm(init.file, { force: true })
      await app.close()
    }
  }
}

function addRoutes (app: FastifyInstance, node: EnergyNode): void {
  app.get('/v1/status', async () => node.status())
  app.get('/v1/book', async () => node.book())
  app.get<{ Querystring: Range }>('/v1/trades', { schema: { querystring: RANGE } }, async ({ query }) => node.trades(query))
  app.get<{ Querystring: Range }>('/v1/readings', { schema: { querystring: RANGE } }, async ({ query }) =>
    node.readings(query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER))
  app.get<{ Querystring: Range }>('/v1/decisions', { schema: { querystring: RANGE } }, async ({ query }) =>
    node.decisions(query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER))
  app.get('/v1/trading', async () => node.status().knobs)
  app.patch<{ Body: Json<KnobChanges> }>('/v1/trading', { schema: { body: KNOBS } }, async ({ body }) => node.changeKnobs(knobChanges(body)))
  app.get('/v1/wallet', async () => node.wallet())
  app.post('/v1/settle', async () => ({ submitted: await node.settleNow() }))
  app.post<{ Body: { address: string } }>('/v1/peers', { schema: { body: ADDRESS } }, async ({ body }) => {
    await node.dial(body.address)
    return {}
  })
  app.get('/v1/events', (request, reply) => { streamEvents(node, request, reply) })
}

/** Prices as they come: decimal strings of base units. Null takes a change back. */
function knobChanges ({ lowestSellingPrice, highestBuyingPrice, ...rest }: Json<KnobChanges>): KnobChanges {
  const price = (text: string | null | undefined): bigint | null | undefined => text == null ? text : BigInt(text)
  return {
    ...rest,
    ...lowestSellingPrice === undefined ? {} : { lowestSellingPrice: price(lowestSellingPrice) },
    ...highestBuyingPrice === undefined ? {} : { highestBuyingPrice: price(highestBuyingPrice) }
  }
}

interface Range { from?: number, to?: number }

const RANGE = { type: 'object', properties: { from: { type: 'integer', minimum: 0 }, to: { type: 'integer', minimum: 0 } } }
const ADDRESS = { type: 'object', required: ['address'], properties: { address: { type: 'string', maxLength: 512 } } }

/** Wrong types are refused, not bent into shape: a pause that was misspelt must not read as no pause. */
const KNOBS = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    lowestSellingPrice: { anyOf: [{ type: 'null' }, { type: 'string', pattern: '^\\d{1,29}$' }] },
    highestBuyingPrice: { anyOf: [{ type: 'null' }, { type: 'string', pattern: '^\\d{1,29}$' }] },
    reserve: { anyOf: [{ type: 'null' }, { type: 'string', pattern: '^(automatic|(100|\\d{1,2})%|\\d{1,4}(\\.\\d{1,3})?kWh)$' }] },
    neighboursOnly: { enum: [true, false, null] },
    paused: { enum: [true, false, null] }
  }
}

/** A listener that reads this much too slowly is dropped. */
const MAX_UNREAD_EVENT_BYTES = 4 * 1024 * 1024

/** Server-sent events: one `data:` line of JSON for each node event, until the listener goes away. */
function streamEvents (node: EnergyNode, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  reply.raw.write(':\n\n')
  const off = node.on((event) => {
    reply.raw.write(`data: ${toJson(event)}\n\n`)
    if (reply.raw.writableLength > MAX_UNREAD_EVENT_BYTES) {
      reply.raw.destroy()
    }
  })
  request.raw.once('close', off)
}

/** Money leaves as decimal strings, because a JSON number cannot hold it. */
function toJson (value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => typeof field === 'bigint' ? field.toString() : field)
}

function hasToken (request: FastifyRequest, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const expected = Buffer.from(`Bearer ${token}`)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** RFC 9457 problem details. */
function problem (status: number, code: string, detail: string): { status: number, code: string, title: string, detail: string } {
  return { status, code, title: code, detail }
}
