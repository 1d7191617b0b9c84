import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'

/** Debian's; another one is not looked for, so that every machine tests the same. */
export const CHROMIUM = '/usr/bin/chromium'

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // the addresses of this computer are replaced by names of mDNS otherwise, which nobody here resolves
  '--disable-features=WebRtcHideLocalIpsWithMdns'
]

export interface TestBrowser {
  /** A new page that runs the program, and what it prints. Nothing of it is kept when its context is closed. */
  open (): Promise<{ page: Page, printed: string[] }>
  stop (): Promise<void>
}

/** A browser without a window whose pages run the TypeScript program `file`. They come from this computer, from where alone a page may call it. */
export async function startBrowser (file: URL): Promise<TestBrowser> {
  const script = await bundle(file)
  const server = createServer((request, response) => { response.setHeader('content-type', 'text/html').end('<!doctype html>') }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stopServer = async (): Promise<void> => { server.closeAllConnections(); server.close() }
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS }).catch(async (error: unknown) => {
    await stopServer()
    throw error
  })
  return {
    async open () {
      const page = await (await browser.newContext()).newPage()
      const printed: string[] = []
      page.on('console', (message) => { printed.push(message.text()) })
      page.on('pageerror', (error) => { printed.push(String(error)) })
      await page.goto(`http://127.0.0.1:${port}/`)
      await page.addScriptTag({ content: script })
      return { page, printed }
    },
    async stop () {
      await browser.close()
      await stopServer()
    }
  }
}

async function bundle (file: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(file)], bundle: true, write: false, format: 'iife', platform: 'browser', target: 'es2022', logLevel: 'silent'
  })
  return outputFiles[0].text
}
