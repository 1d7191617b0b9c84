import { expect } from 'aegir/chai'
import { CHROMIUM, startBrowser } from '../helpers/chromium.ts'
import { needs } from '../helpers/debian.ts'
import { anAccount, privateKey } from '../helpers/orders.ts'
import { startTestStreet } from '../helpers/practice.ts'
import { stopAll } from '../helpers/stop-all.ts'
import { until } from '../helpers/until.ts'
import type { BrowserPeer, Market } from './browser/page.ts'
import type { Street } from '../../src/practice/street.ts'
import type { TestBrowser } from '../helpers/chromium.ts'

/** The page's program puts it there. */
declare const peer: BrowserPeer

const PERIOD_SEC = 900

describe('a browser in the market of a home', function () {
  this.timeout(60_000)

  let street: Street
  let browser: TestBrowser
  let market: Market

  before(needs(CHROMIUM, 'chromium'))
  before(async () => {
    const network = { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct'] }
    street = await startTestStreet({ homes: 1, periods: 40, speed: 150, mdns: false, homeOf: () => ({ config: { network } }) })
    browser = await startBrowser(new URL('browser/page.ts', import.meta.url))
    const { chainId, escrow } = street.chain
    market = { chainId, escrow, rulesDigest: (await street.homes[0].api.status()).rulesDigest }
  })

  after(async () => { await stopAll(async () => browser?.stop(), async () => street?.stop()) })

  async function addressWith (part: string): Promise<string> {
    const { addresses } = await street.homes[0].api.status()
    const found = addresses.find((address) => address.includes(part))
    expect(found, addresses.join(' ')).to.be.a('string')
    return found as string
  }

  /** Joins by the home's address with `part` in it, hears the home and is heard; `n` tells one browser from the other. */
  async function takePart (part: string, n: number): Promise<void> {
    const [{ api, owner }] = street.homes
    const { page, printed } = await browser.open()
    const joined = await page.evaluate(async ({ address, market }) => peer.join(address, market), { address: await addressWith(part), market })
    expect(joined.address).to.include(part)
    const { peers } = await api.status()
    expect(peers.find(({ peerId }) => peerId === joined.peerId)?.address).to.include(part)

    await until(() => printed.some((line) => line.startsWith(`offer of ${owner}: `)), 20_000)
      .catch((cause: unknown) => { throw new Error(`The page printed only: ${printed.join('\n')}`, { cause }) })

    const maker = anAccount(0xb0 + n)
    // its trading window is open
    const periodStart = (Math.floor(street.now() / PERIOD_SEC) + 2) * PERIOD_SEC
    const offer = { key: privateKey(200 + n), maker, periodStart, wh: 500 + n, price: '150000' }
    expect(await page.evaluate(async ({ market, offer }) => peer.offer(market, offer), { market, offer })).to.be.at.least(1)
    await until(async () => {
      const offers = (await api.book()).flatMap(({ offers }) => offers.map(({ entry }) => entry.order.order))
      return offers.some((order) => order.maker === maker && order.periodStart === periodStart && order.quantity === offer.wh)
    })
    await page.context().close()
    // a closed page says no farewell over WebRTC: it is missed after ten seconds or so
    await until(async () => (await api.status()).peers.every(({ peerId }) => peerId !== joined.peerId), 30_000)
  }

  it('should hear the offers of the home and bring one into its book over WebSockets', async () => {
    await takePart('/ws/', 1)
  })

  it('should hear the offers of the home and bring one into its book over WebRTC-direct', async () => {
    await takePart('/webrtc-direct/', 2)
  })

  it('should find the home again under the same hash of its certificate after a power cut', async () => {
    const certhash = async (): Promise<string | undefined> => /\/certhash\/([^/]+)/.exec(await addressWith('/webrtc-direct/'))?.[1]
    const before = await certhash()
    await street.restart(street.homes[0])
    expect(await certhash()).to.equal(before)
  })
})
