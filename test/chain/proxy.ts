import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Call {
  readonly id: number
  readonly method: string
  readonly params: unknown[]
}

/** What a bad service does with a request; none of them reaches the chain. */
export type Fault = 'error' | 'cut' | 'hang' | 'garbage'

/** A door in front of an RPC service that can be shut, that can lie, and that remembers who went through. */
export interface Proxy {
  readonly url: string
  /** Every single call so far, batches taken apart. */
  readonly calls: Array<Pick<Call, 'method' | 'params'>>
  /** Results in place of the chain's own, by method; `real` asks the chain. */
  readonly answers: Record<string, (real: () => Promise<unknown>) => Promise<unknown>>
  isShut: boolean
  fault?: Fault
  /** What is passed on in place of a call. */
  twist(call: Call): Call
  /** Nothing listens at the address until it is opened again. */
  closeForNow(): Promise<{ reopen(): Promise<void> }>
  close(): void
}

export async function startProxy (target: string): Promise<Proxy> {
  const proxy: Omit<Proxy, 'url' | 'close' | 'closeForNow'> = { isShut: false, calls: [], answers: {}, twist: (call) => call }
  const ask = async (body: string): Promise<Response> => fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  const answer = async (call: Call): Promise<unknown> => {
    const real = async (): Promise<unknown> => ((await (await ask(JSON.stringify(call))).json()) as { result: unknown }).result
    return { jsonrpc: '2.0', id: call.id, result: await proxy.answers[call.method](real) }
  }
  const server = createServer((request, response) => {
    (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) {
        chunks.push(chunk)
      }
      const body = Buffer.concat(chunks).toString()
      const fault = proxy.isShut ? 'error' : proxy.fault
      if (fault != null) {
        fail(response, fault)
        return
      }
      const asked = JSON.parse(body) as Call | Call[]
      const calls = [asked].flat()
      proxy.calls.push(...calls)
      const answers = await Promise.all(calls.map(async (call) =>
        proxy.answers[call.method] == null ? (await ask(JSON.stringify(proxy.twist(call)))).json() : answer(call)))
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(Array.isArray(asked) ? answers : answers[0]))
    })().catch(() => { response.destroy() })
  })
  const open = async (port: number): Promise<void> => new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve) })
  const close = async (): Promise<void> => new Promise((resolve) => {
    server.close(() => { resolve() })
    server.closeAllConnections()
  })
  await open(0)
  const { port } = server.address() as AddressInfo
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    closeForNow: async () => {
      await close()
      return { reopen: async () => open(port) }
    },
    close: () => { void close() }
  })
}

function fail (response: ServerResponse, fault: Fault): void {
  switch (fault) {
    case 'error':
      response.writeHead(503).end()
      break
    case 'cut':
      response.destroy()
      break
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end('<html>{"result":')
      break
    default: // hangs
  }
}
