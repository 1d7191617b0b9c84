import { readFile } from 'node:fs/promises'
import { CodedError } from '../domain/errors.ts'
import type { ApiAccess } from './server.ts'
import type { Decision, Knobs } from '../domain/knobs.ts'
import type { PeriodRecord } from '../domain/reading.ts'
import type { Trade } from '../domain/trade.ts'
import type { NodeEvent } from '../node/events.ts'
import type { KnobChanges } from '../node/knobs.ts'
import type { EnergyNode, NodeStatus, Wallet } from '../node/node.ts'

/** A value as it comes out of JSON: every bigint is a decimal string. */
export type Json<T> = T extends bigint ? string
  : T extends ReadonlyArray<infer Item> ? Array<Json<Item>>
    : T extends object ? { [Field in keyof T]: Json<T[Field]> } : T

/** The interface of a running node, from another process on the same machine. */
export interface ApiClient {
  status(): Promise<Json<NodeStatus>>
  book(): Promise<Json<ReturnType<EnergyNode['book']>>>
  trades(): Promise<Array<Json<Trade>>>
  readings(): Promise<PeriodRecord[]>
  decisions(): Promise<Decision[]>
  trading(): Promise<Json<Knobs>>
  changeTrading(changes: Json<KnobChanges>): Promise<Json<Knobs>>
  wallet(): Promise<Json<Wallet>>
  settle(): Promise<{ submitted: number }>
  dial(address: string): Promise<void>
  /** Every event from now on, until the signal fires or the node stops. */
  events(signal: AbortSignal): AsyncGenerator<Json<NodeEvent>>
}

/**
 * Finds the node that runs over a data directory by the file it left there. Throws `NODE_NOT_RUNNING`; later calls throw that
 * too once the node is gone, and the node's own codes otherwise.
 */
export async function connectApi (file: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ApiClient> {
  const notRunning = (cause: unknown): CodedError => new CodedError('NODE_NOT_RUNNING', 'No node is running here: start it with `wattmesh start`.', { cause })
  const access = await readFile(file, 'utf8').then((text) => JSON.parse(text) as ApiAccess, (error: unknown) => { throw notRunning(error) })

  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${access.token}`, ...(init.body == null ? {} : { 'content-type': 'application/json' }) }
    const response = await fetch(`${access.url}${path}`, { signal, ...init, headers }).catch((error: unknown) => { throw notRunning(error) })
    if (!response.ok) {
      const { code = 'API_FAILED', detail = response.statusText } = await response.json() as { code?: string, detail?: string }
      throw new CodedError(code, detail)
    }
    return response
  }
  const read = async <T>(path: string, init?: RequestInit): Promise<T> => (await request(path, init)).json() as Promise<T>

  return {
    status: async () => read('/v1/status'),
    book: async () => read('/v1/book'),
    trades: async () => read('/v1/trades'),
    readings: async () => read('/v1/readings'),
    decisions: async () => read('/v1/decisions'),
    trading: async () => read('/v1/trading'),
    changeTrading: async (changes) => read('/v1/trading', { method: 'PATCH', body: JSON.stringify(changes) }),
    wallet: async () => read('/v1/wallet'),
    settle: async () => read('/v1/settle', { method: 'POST' }),
    dial: async (address) => { await read('/v1/peers', { method: 'POST', body: JSON.stringify({ address }) }) },
    async * events (signal) {
      const { body } = await request('/v1/events', { signal })
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of body ?? []) {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
        rest = parts.pop() ?? ''
        for (const part of parts.filter((each) => each.startsWith('data: '))) {
          yield JSON.parse(part.slice('data: '.length)) as Json<NodeEvent>
        }
      }
    }
  }
}
