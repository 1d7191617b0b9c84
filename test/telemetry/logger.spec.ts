import { expect } from 'aegir/chai'
import { CodedError } from '../../src/domain/errors.ts'
import { createLogger, LOG_LEVELS, SILENT_LOGGER } from '../../src/telemetry/logger.ts'
import type { LogLevel, Logger } from '../../src/ports/telemetry.ts'
import type { LogFormat } from '../../src/telemetry/logger.ts'

const NOW = Date.UTC(2026, 4, 17, 12, 30, 5, 250)

describe('logger', () => {
  let lines: string[]

  beforeEach(() => {
    lines = []
  })

  function logger (format: LogFormat = 'json', level: LogLevel = 'trace'): Logger {
    return createLogger({ level, format, write: line => { lines.push(line) }, now: () => NOW })
  }

  function written (): Record<string, unknown> {
    expect(lines).to.have.length(1)
    return JSON.parse(lines[0])
  }

  it('should write one JSON object per line', () => {
    logger().scope('network').info('order accepted', { orderId: '0x12', wh: 500 })
    expect(written()).to.deep.equal({
      time: '2026-05-17T12:30:05.250Z',
      level: 'info',
      scope: 'network',
      message: 'order accepted',
      fields: { orderId: '0x12', wh: 500 }
    })
  })

  it('should leave out scope and fields that are not there', () => {
    logger().warn('degraded', undefined)
    expect(written()).to.have.all.keys('time', 'level', 'message')
  })

  it('should write lines for people', () => {
    logger('human').scope('store').warn('slow disk', { path: '/data/db', tookMs: 1200, why: 'two words', none: null })
    expect(lines).to.deep.equal(['2026-05-17 12:30:05Z warn  store: slow disk path=/data/db tookMs=1200 why="two words" none=null'])
  })

  it('should never let a value begin a line of its own', () => {
    logger('human').info('declined', { reason: 'no\n2026-05-17 12:30:05Z error all is lost\u001b[2J' })
    expect(lines[0]).to.not.match(/[\n\u001b]/) // eslint-disable-line no-control-regex
  })

  it('should write only lines of its level and the more important ones', () => {
    for (const [i, level] of LOG_LEVELS.entries()) {
      lines = []
      const log = logger('json', level).scope('any')
      LOG_LEVELS.forEach(at => { log[at]('message') })
      expect(lines.map(line => JSON.parse(line).level)).to.deep.equal(LOG_LEVELS.slice(0, i + 1))
    }
  })

  it('should write nothing when it is the silent one', () => {
    expect(() => { SILENT_LOGGER.scope('any').error('message', { error: new Error('a') }) }).to.not.throw()
  })

  it('should hide secrets at every depth, in both formats and at every level', () => {
    const fields = {
      key: 'hush1',
      privateKey: 'hush2',
      nested: { apiToken: 'hush3', list: [{ password: 'hush4' }], clientSecret: 'hush5' },
      error: new CodedError('ANY_CODE', 'message', { details: { token: 'hush6' }, cause: Object.assign(new Error('cause'), { details: { PRIVATE_KEY: 'hush7' } }) }),
      map: new Map([['secret', 'hush8']])
    }
    for (const format of ['human', 'json'] as const) {
      LOG_LEVELS.forEach(level => { logger(format)[level]('message', fields) })
    }
    expect(lines).to.have.length(10)
    expect(lines.join()).to.not.contain('hush')
    expect(lines[0].match(/\[redacted\]/g)).to.have.length(8)
  })

  it('should show public keys', () => {
    logger().info('message', { publicKey: '0x02', partnerKey: '0x03', keyState: 'registered' })
    expect(written().fields).to.deep.equal({ publicKey: '0x02', partnerKey: '0x03', keyState: 'registered' })
  })

  it('should write bigints, dates and undefined fields', () => {
    logger().info('message', { amount: 123n, nested: [{ amount: -1n }], at: new Date(NOW), none: undefined })
    expect(written().fields).to.deep.equal({ amount: '123', nested: [{ amount: '-1' }], at: '2026-05-17T12:30:05.250Z' })
  })

  it('should write an error with its code, details and causes', () => {
    const disk = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    logger().error('commit failed', { error: new CodedError('STORE_FAILED', 'Free some space.', { details: { amount: 5n }, cause: disk }) })
    expect(written().fields).to.deep.equal({
      error: { code: 'STORE_FAILED', message: 'Free some space.', details: { amount: '5' }, cause: { code: 'ENOSPC', message: 'no space left' } }
    })
  })

  it('should tell where an error without a code came from', () => {
    logger().error('message', { error: new TypeError('x is not a function') })
    const { error } = written().fields as { error: { stack: string } }
    expect(error.stack).to.contain('logger.spec')
  })

  it('should end at objects that contain themselves', () => {
    const circle: Record<string, unknown> = {}
    circle.circle = circle
    logger().info('message', circle)
    expect(lines[0]).to.contain('[…]')
  })
})
