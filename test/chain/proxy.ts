import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Call {
  readonly method: string
  readonly params: unknown[]
}

/** A door in front of an RPC service that can be shut, and that remembers who went through. */
export interface Proxy {
  readonly url: string
  /** Every single call so far, batches taken apart. */
  readonly calls: Call[]
  isShut: boolean
  /** What is passed on in place of a call: how a service misbehaves. */
  twist(call: Call): Call
  close(): void
}

export async function startProxy (target: string): Promise<Proxy> {
  const proxy = { isShut: false, calls: [] as Call[], twist: (call: Call): Call => call }
  const server = createServer((request, response) => {
    (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) {
        chunks.push(chunk)
      }
      const said = JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[]
      if (proxy.isShut) {
        response.writeHead(503).end()
        return
      }
      proxy.calls.push(...[said].flat())
      const body = JSON.stringify(Array.isArray(said) ? said.map((call) => proxy.twist(call)) : proxy.twist(said))
      const answer = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    })().catch(() => { response.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  })
}
