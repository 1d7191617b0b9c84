import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { maxHeaderSize, validateHeaderValue } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeInvite, encodeInvite } from '../../src/config/invite.ts'
import { loadConfig } from '../../src/config/load.ts'
import { renderConfigFile } from '../../src/config/template.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { syntheticProfile } from '../../src/drivers/devices/demo.ts'
import { smlTelegrams } from '../../src/drivers/devices/sml.ts'
import { obisSample } from '../../src/drivers/obis.ts'
import { parseProfileCsv, toCsv } from '../../src/drivers/profile-csv.ts'
import { crc16, dsmrReader } from '../../src/drivers/telegrams/dsmr.ts'
import { crcX25, smlReader } from '../../src/drivers/telegrams/sml.ts'
import { readSpeedwire } from '../../src/drivers/telegrams/speedwire.ts'
import { digestChallenge, digestHeader } from '../../src/drivers/transports/digest-auth.ts'
import { parseAnswer } from '../../src/drivers/transports/json-source.ts'
import { decodeBookMessage, encodeBookMessage } from '../../src/network/book-codec.ts'
import { decodeOrder, decodeTradeMessage, encodeOrder, encodeTradeMessage } from '../../src/network/codec.ts'
import { readDescription } from '../../src/network/router.ts'
import { locationOf } from '../../src/network/routers.ts'
import { recoverKey } from '../../src/signing/keys.ts'
import { decode } from '../../src/store/values.ts'
import { smlFrame } from '../drivers/sml-frames.ts'
import { aDigest, anAccount, aSignature, aSignedOrder, RULES, RULES_DIGEST } from '../helpers/orders.ts'
import { spoilBytes, spoilProtobuf, spoilText } from './mutations.ts'
import type { Mutation } from './mutations.ts'
import type { BookMessage } from '../../src/domain/book-sync.ts'
import type { Sample } from '../../src/ports/device.ts'

/** One decoder of bytes that strangers, devices or people wrote. */
export interface FuzzTarget {
  readonly name: string
  /** Valid inputs to spoil. */
  readonly seeds: readonly Buffer[]
  readonly spoil: Mutation
  /** Puts right what would otherwise stop every spoilt input at the door: lengths and checksums. */
  mend?(input: Buffer): Buffer
  /** Gets a tenth of the inputs in the short run. */
  readonly isSlow?: boolean
  /** Decodes; returns false for an input that was refused as it should be, throws when the decoder misbehaves. */
  accepts(input: Buffer): boolean
}

/** True when `act` succeeds, false when it refuses with an error of ours; anything else is a defect. */
function refusing (act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (error instanceof CodedError) {
      return false
    }
    throw error
  }
}

function must (isRight: boolean, what: string): void {
  if (!isRight) {
    throw new Error(what)
  }
}

/** Deflated data in one block that is not compressed (RFC 1951): compressing would take most of the time. */
function stored (input: Buffer): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0])
  head.writeUInt16LE(input.length, 1)
  head.writeUInt16LE(input.length ^ 0xffff, 3)
  return Buffer.concat([head, input])
}

/** A sample has whole registers in range, and numbers that are numbers. */
function checkSample (sample: Omit<Sample, 'ageMs'>): void {
  for (const [name, value] of Object.entries(sample)) {
    must(value === undefined || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)), `${name} is ${String(value)}`)
    must(!name.endsWith('MilliWh') || value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0), `${name} is ${String(value)}`)
  }
}

const terms = {
  buyer: anAccount(1), seller: anAccount(2), slot: 7, seq: 3, wh: 500, pricePerKwh: 190_000n, attester: anAccount(3), meter: aDigest(4), claimBy: 1_767_268_800, ref: aDigest(5)
}
const receipt = { buyer: anAccount(1), seller: anAccount(2), through: 131_072, total: 5n, cap: 5_000_000n, expiry: 2_000_000 }

const SHORT_DIGEST = aDigest(1).slice(0, 34)

const P1 = '/ISK5\\2M550T-1012\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(261122120000W)\r\n0-0:96.1.1(4530303434303037333832323436303139)\r\n1-0:1.8.1(002130.115*kWh)\r\n1-0:1.8.2(000245.467*kWh)\r\n1-0:2.8.0(000100001*Wh)\r\n1-0:1.7.0(00.111*kW)\r\n1-0:2.7.0(00.000*kW)\r\n0-1:24.2.1(260426223001S)(00246.138*m3)\r\n!'

const ROUTER = '192.168.1.1'
const ROUTER_SERVICES = ['WANCommonInterfaceConfig:1', 'WANIPConnection:1', 'WANPPPConnection:1'].map((name) =>
  `<service><serviceType>urn:schemas-upnp-org:service:${name}</serviceType><controlURL>/ctl/${name}?a=1&amp;b=2</controlURL></service>`).join('')

/** A configuration file that says what its comments only show, and nothing else. */
function everySetting (file: string): string {
  return file.replaceAll(/^( *)# (\w+: .*)$/gm, '$1$2').replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\n{2,}/g, '\n')
}

/** In memory where there is such a place: opening a file costs far more than reading it as settings. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'wattmesh-fuzz-'))
process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'order',
    seeds: [aSignedOrder(), aSignedOrder({ quantity: 0, schedule: [{ at: 0, price: 1n }] })].map((order) => Buffer.from(encodeOrder(order))),
    spoil: spoilProtobuf,
    accepts: (input) => refusing(() => {
      must(Buffer.from(encodeOrder(decodeOrder(input))).equals(input), 'two byte forms of one order')
    })
  },
  {
    name: 'trade message',
    seeds: [
      { kind: 'propose', tradeId: aDigest(1), orderId: aDigest(2), buyer: anAccount(1), wh: 500, pricePerKwh: 1n },
      { kind: 'accept', tradeId: aDigest(1), terms, signature: aSignature(1), validUntil: 5 },
      { kind: 'confirm', tradeId: aDigest(1), signature: aSignature(1) },
      { kind: 'decline', code: 'BUSY', remaining: 9 },
      { kind: 'status-query', tradeId: aDigest(1) },
      { kind: 'status', tradeId: aDigest(1), state: 'agreed' },
      { kind: 'receipt', receipt, signature: aSignature(2) },
      { kind: 'delivery', slot: 7, parts: [{ tradeId: aDigest(1), wh: 500 }, { tradeId: aDigest(2), wh: 1 }] },
      { kind: 'submit', signed: { receipt, buyerSignature: aSignature(1), sellerSignature: aSignature(2) } },
      { kind: 'queued', by: 1_767_268_800 }
    ].map((message) => Buffer.from(encodeTradeMessage(message as Parameters<typeof encodeTradeMessage>[0]))),
    spoil: spoilProtobuf,
    accepts: (input) => refusing(() => {
      must(Buffer.from(encodeTradeMessage(decodeTradeMessage(input))).equals(input), 'two byte forms of one message')
    })
  },
  {
    name: 'book message',
    seeds: [
      { kind: 'digests?', rules: RULES_DIGEST, from: 1_767_268_800, root: SHORT_DIGEST },
      { kind: 'digests', from: 1_767_268_800, isSame: false, isMore: true, digests: [1, 2, 3].map((n) => ({ signer: anAccount(n), digest: SHORT_DIGEST })) },
      { kind: 'orders?', rules: RULES_DIGEST, signers: [anAccount(1), anAccount(2)], after: { signer: anAccount(1), periodStart: 900, side: 'bid' } },
      { kind: 'orders', isMore: false, orders: [aSignedOrder(), aSignedOrder({ quantity: 0 })] },
      { kind: 'refusal', code: 'TOO_OFTEN' }
    ].map((message) => Buffer.from(encodeBookMessage(message as BookMessage))),
    spoil: spoilProtobuf,
    accepts: (input) => refusing(() => {
      must(Buffer.from(encodeBookMessage(decodeBookMessage(input))).equals(input), 'two byte forms of one message')
    })
  },
  {
    name: 'signature',
    seeds: [Buffer.from(aSignedOrder().signature.slice(2), 'hex')],
    spoil: spoilBytes,
    accepts: (input) => recoverKey(aDigest(1), `0x${input.toString('hex')}`) != null
  },
  {
    name: 'invite',
    seeds: [Buffer.from(JSON.stringify({ rules: { ...RULES, area: 'elm street' }, digest: RULES_DIGEST.slice(2, 10), rpc: 'http://a', deployBlock: 5, bootstrap: ['/ip4/1.2.3.4/tcp/1/p2p/16U'] }))],
    spoil: spoilText,
    mend: (input) => Buffer.from(`wattmesh-invite-1.${Buffer.concat([createHash('sha256').update(input).digest().subarray(0, 4), stored(input)]).toString('base64url')}`),
    accepts: (input) => refusing(() => { decodeInvite(input.toString('latin1')) })
  },
  {
    name: 'invite text',
    seeds: [Buffer.from(encodeInvite({ market: RULES, digest: RULES_DIGEST, bootstrap: [] }))],
    spoil: spoilBytes,
    accepts: (input) => refusing(() => { decodeInvite(input.toString('latin1')) })
  },
  {
    name: 'profile',
    seeds: [Buffer.from(toCsv(syntheticProfile({ seed: 1, home: 1, start: 1_767_268_800, periods: 8 })))],
    spoil: spoilText,
    accepts: (input) => refusing(() => {
      const { loadMilliWh, pvMilliWh } = parseProfileCsv(input.toString(), 'home.csv')
      must(loadMilliWh.length === pvMilliWh.length && [...loadMilliWh, ...pvMilliWh].every((value) => Number.isSafeInteger(value) && value >= 0), 'a step that is no energy')
    })
  },
  {
    name: 'P1 telegram',
    seeds: [Buffer.from(P1, 'latin1')],
    spoil: spoilText,
    mend: (input) => {
      const body = input.toString('latin1')
      const whole = body.endsWith('!') ? body : `${body}!`
      return Buffer.from(`${whole}${crc16(whole.slice(whole.lastIndexOf('/'))).toString(16).toUpperCase().padStart(4, '0')}\r\n`, 'latin1')
    },
    accepts: (input) => refusing(() => {
      dsmrReader({ hasChecksum: true }).push(input).forEach(({ values }) => { checkSample(obisSample(values)) })
    })
  },
  {
    name: 'SML frame',
    seeds: [smlFrame([{ code: '1.8.0', type: 'uint', hex: '00000f6e5cf1', scaler: -1, unit: 30 }, { code: '2.8.0', type: 'uint', hex: '3039', scaler: -1, unit: 30 }, { code: '16.7.0', type: 'int', hex: 'fff6', scaler: 0, unit: 27 }])],
    spoil: spoilBytes,
    mend: (input) => {
      const body = Buffer.concat([Buffer.from('1b1b1b1b01010101', 'hex'), input.subarray(8, -8), Buffer.from('1b1b1b1b1a00', 'hex')])
      const crc = crcX25(body)
      return Buffer.concat([body, Buffer.from([crc & 0xff, crc >> 8])])
    },
    accepts: (input) => refusing(() => {
      smlReader().push(input).map(smlTelegrams()).forEach(({ sample }) => { checkSample(sample) })
    })
  },
  {
    name: 'Speedwire datagram',
    // head with length, meter 1; import power, import counter, export counter; end
    seeds: [Buffer.from('534d4100000402a000000001002c00106069015d0000000100000001 0001040000003a98 000108000000000000d693a4 000208000000000000001c21 00000000'.replaceAll(' ', ''), 'hex')],
    spoil: spoilBytes,
    accepts: (input) => refusing(() => { checkSample(obisSample(readSpeedwire(input)?.values ?? new Map())) })
  },
  {
    name: 'answer in JSON',
    seeds: [Buffer.from('{"total_act_energy": 1234.5, "phases": [{"a": -1e3, "b": "12,5"}, null], "unixtime": 1767268800}\n')],
    spoil: spoilText,
    accepts: (input) => refusing(() => { parseAnswer(input.toString(), 'meter') })
  },
  {
    name: 'login challenge',
    seeds: [Buffer.from('Digest realm="shelly", nonce="60dc59c6", algorithm=SHA-256, qop="auth, auth-int", opaque="a\\"b", Digest realm="x", nonce="1"')],
    spoil: spoilText,
    accepts: (input) => {
      // what the HTTP parser lets through
      const challenge = digestChallenge(input.toString('latin1', 0, maxHeaderSize).replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, ' '))
      challenge != null && validateHeaderValue('authorization', digestHeader(challenge, { user: 'a', password: 'b' }, { method: 'GET', uri: '/', count: 1 }))
      return challenge != null
    }
  },
  {
    name: 'call of a router',
    seeds: [Buffer.from('HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\nEXT:\r\n\r\n')],
    spoil: spoilText,
    accepts: (input) => {
      const location = locationOf(input.toString('latin1'), ROUTER)
      must(location == null || (location.protocol === 'http:' && location.hostname === ROUTER), `leads to ${String(location)}`)
      return location != null
    }
  },
  {
    name: 'description of a router',
    seeds: [Buffer.from(`<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><UDN>uuid:1</UDN><serviceList>${ROUTER_SERVICES}</serviceList></device></root>`)],
    spoil: spoilText,
    accepts (input) {
      const location = new URL(`http://${ROUTER}:5000/rootDesc.xml`)
      try {
        const { control } = readDescription(input.toString(), location)
        must(control.protocol === 'http:' && control.hostname === ROUTER, `takes orders at ${control.href}`)
        return true
      } catch (error) {
        must(error instanceof Error && error.message.endsWith('forwards no ports'), String(error))
        return false
      }
    }
  },
  {
    name: 'stored record',
    seeds: [Buffer.from('{"id":"0x01","total":"5n","state":"agreed","list":[1,null,"~5n"]}')],
    spoil: spoilText,
    accepts: (input) => {
      try {
        decode(input.toString())
        return true
      } catch (error) {
        must(error instanceof SyntaxError, String(error))
        return false
      }
    }
  },
  {
    name: 'configuration',
    seeds: [Buffer.from(everySetting(renderConfigFile({ name: 'home', owner: anAccount(1), market: { area: 'a', chainId: 1, escrow: anAccount(2) }, chain: { rpc: 'http://127.0.0.1:1' }, tariff: { retail: '0.30', feedIn: '0.08' }, meter: { driver: 'demo' } } as Parameters<typeof renderConfigFile>[0])))],
    spoil: spoilText,
    isSlow: true,
    accepts: (input) => refusing(() => {
      const file = join(folder, 'config.yaml')
      writeFileSync(file, input)
      loadConfig({ file })
    })
  }
]
