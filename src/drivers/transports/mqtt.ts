import { connectAsync, ErrorWithReasonCode } from 'mqtt'
import { CodedError, explain } from '../../domain/errors.ts'
import { denied, elapsedMs, MAX_ANSWER_BYTES, parseAnswer, unreachable } from './json-source.ts'
import type { Elapsed, JsonSource } from './json-source.ts'
import type { Logger } from '../../ports/telemetry.ts'

export interface MqttSourceInit {
  /** `mqtt://` or `mqtts://`, a host, perhaps a port. */
  readonly url: string
  readonly username?: string
  readonly password?: string
  readonly version?: '3.1.1' | '5'
  readonly topics: readonly string[]
  /** Where the device's last will tells that it is gone: what the topic says then. */
  readonly availability?: { readonly topic: string, readonly offline: string }
  readonly logger: Logger
  readonly elapsed?: Elapsed
}

interface Message {
  readonly value: unknown
  readonly at: number
  readonly isRetained: boolean
}

/** Login refused: return codes 4 and 5 of MQTT 3.1.1, reason codes 134 and 135 of MQTT 5. */
const DENIED = [4, 5, 134, 135]

/**
 * The last message of each topic. The broker is called again for as long as it takes; until it is back, nothing is known. Reads
 * only: it subscribes and never publishes.
 */
export async function mqttSource (init: MqttSourceInit): Promise<JsonSource> {
  const { url, topics, availability, logger, elapsed = elapsedMs } = init
  const last = new Map<string, Message>()
  let isAvailable = true
  const client = await connect(init)

  const receive = (topic: string, payload: Buffer, isRetained: boolean): void => {
    if (topic === availability?.topic) {
      isAvailable = payload.toString('utf8').trim().toLowerCase() !== availability.offline.toLowerCase()
    }
    if (!topics.includes(topic) || payload.length === 0 || (isRetained && last.get(topic)?.isRetained === false)) {
      return // an empty retained message only clears the broker's memory; a kept one after a live one is that one again
    }
    try {
      last.set(topic, { value: readPayload(payload, topic), at: elapsed(), isRetained })
    } catch (error) {
      logger.debug('a message makes no sense', { topic, error: explain(error) })
    }
  }
  client.on('message', (topic, payload, { retain }) => { receive(topic, payload, retain) })
  client.on('error', (error) => { logger.debug('the broker reports an error', { url, error: explain(error) }) })
  client.on('close', () => { logger.debug('the connection to the broker is gone', { url }) })
  try {
    const granted = await client.subscribeAsync([...topics, ...availability == null ? [] : [availability.topic]])
    const refused = granted.find(({ qos }) => qos >= 128)
    if (refused != null) {
      throw denied(`${url}, topic ${refused.topic},`)
    }
  } catch (error) {
    await client.endAsync(true)
    throw error instanceof CodedError ? error : unreachable(url, error)
  }

  return {
    async get (topic) {
      if (!client.connected || !isAvailable) {
        throw unreachable(client.connected ? `The device behind ${topic}` : url)
      }
      const message = last.get(topic)
      return message == null ? undefined : { value: message.value, ageMs: elapsed() - message.at, isRetained: message.isRetained }
    },
    close: async () => client.endAsync(true)
  }
}

async function connect ({ url, username, password, version = '3.1.1' }: MqttSourceInit): ReturnType<typeof connectAsync> {
  try {
    const options = { username, password, protocolVersion: version === '5' ? 5 : 4, reconnectPeriod: 1000, connectTimeout: 5000 } as const
    return await connectAsync(url, options, false)
  } catch (error) {
    throw error instanceof ErrorWithReasonCode && DENIED.includes(error.code) ? denied(url, error) : unreachable(url, error)
  }
}

/** JSON, or a text as it is: many devices send bare numbers. */
function readPayload (payload: Buffer, topic: string): unknown {
  const text = payload.subarray(0, MAX_ANSWER_BYTES + 1).toString('utf8')
  if (/^\s*[{["]/.test(text)) {
    return parseAnswer(text, topic)
  }
  return text.length > 64 ? undefined : text
}
