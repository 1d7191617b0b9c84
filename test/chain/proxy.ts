import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A door in front of an RPC service that can be shut, and that remembers who went through. */
export interface Proxy {
  readonly url: string
  /** Every single call so far, batches taken apart. */
  readonly calls: Array<{ readonly method: string, readonly params: unknown[] }>
  isShut: boolean
  close(): void
}

export async function startProxy (target: string): Promise<Proxy> {
  const proxy = { isShut: false, calls: [] as Proxy['calls'] }
  const server = createServer((request, response) => {
    (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) {
        chunks.push(chunk)
      }
      const body = Buffer.concat(chunks).toString()
      if (proxy.isShut) {
        response.writeHead(503).end()
        return
      }
      proxy.calls.push(...[JSON.parse(body)].flat())
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
