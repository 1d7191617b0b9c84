import { X509Certificate, createPrivateKey } from 'node:crypto'
import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { expect } from 'aegir/chai'
import { fromString } from 'uint8arrays/from-string'
import { webRtcCertificate } from '../../src/network/webrtc-certificate.ts'
import { allowance, isWebRtcDirect, webRtcTransports } from '../../src/network/webrtc.ts'
import { privateKey } from '../helpers/orders.ts'
import type { PrivateKey } from '@libp2p/interface'

function hotKey (n: number): PrivateKey {
  return privateKeyFromRaw(fromString(privateKey(n).slice(2), 'base16'))
}

describe('WebRTC-direct', () => {
  it('should have a certificate that is its own, on P-256 and without an end', async () => {
    for (const key of [...Array.from({ length: 20 }, (_, n) => hotKey(n + 1)), await generateKeyPair('secp256k1')]) {
      const { pem, privateKey } = webRtcCertificate(key)
      const certificate = new X509Certificate(pem)
      expect(certificate.verify(certificate.publicKey)).to.equal(true)
      expect(certificate.checkPrivateKey(createPrivateKey(privateKey))).to.equal(true)
      expect(certificate.checkIssued(certificate)).to.equal(true)
      expect(certificate.publicKey.asymmetricKeyDetails).to.deep.equal({ namedCurve: 'prime256v1' })
      expect(certificate.subject).to.equal('CN=wattmesh')
      expect(certificate.validToDate.getUTCFullYear()).to.equal(9999)
    }
  })

  it('should derive it from the hot key alone, today as in every other version', () => {
    const { pem, certhash } = webRtcCertificate(hotKey(1))
    expect(webRtcCertificate(hotKey(1))).to.deep.equal(webRtcCertificate(hotKey(1)))
    expect(certhash).to.equal('uEiBEjt57kNVmofKnCve1BZ_04Ev9f1lHHTemtFEeQRScow')
    const fingerprint = new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
    expect(certhash).to.equal(`u${Buffer.from(`1220${fingerprint}`, 'hex').toString('base64url')}`)
    expect(webRtcCertificate(hotKey(2)).certhash).to.not.equal(certhash)
  })

  it('should know its addresses', () => {
    expect(['/ip4/0.0.0.0/udp/1/webrtc-direct', '/ip4/10.0.0.7/udp/1/webrtc-direct/certhash/uEi/p2p/16Uiu2'].map(isWebRtcDirect)).to.deep.equal([true, true])
    expect(['/ip4/0.0.0.0/tcp/1', '/ip4/0.0.0.0/tcp/1/ws', '/ip4/0.0.0.0/udp/1/webrtc-directly'].map(isWebRtcDirect)).to.deep.equal([false, false, false])
  })

  it('should load nothing for a home that does not listen to it', async () => {
    const load = async (): Promise<never> => { throw new Error('loaded') }
    expect(await webRtcTransports({ listen: ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'], privateKey: hotKey(1) }, load)).to.deep.equal([])
  })

  it('should say what is missing where the package is not installed', async () => {
    const load = async (): Promise<never> => { throw new Error('Cannot find package') }
    const error = await webRtcTransports({ listen: ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/udp/7/webrtc-direct'], privateKey: hotKey(1) }, load).catch((error: unknown) => error)
    expect(error).to.have.property('code', 'NETWORK_LISTEN')
    expect(error).to.have.property('message').that.matches(/^Listening on \/ip4\/0\.0\.0\.0\/udp\/7\/webrtc-direct needs the optional package @libp2p\/webrtc/)
  })

  it('should let few connections begin in each ten seconds', () => {
    let nowMs = 0
    const isAllowed = allowance(2, () => nowMs)
    expect([isAllowed(), isAllowed(), isAllowed()]).to.deep.equal([true, true, false])
    nowMs = 9999
    expect(isAllowed()).to.equal(false)
    nowMs = 10_000
    expect([isAllowed(), isAllowed(), isAllowed()]).to.deep.equal([true, true, false])
  })
})
