import { optionalText } from './http-params.ts'
import { mqttSource } from './transports/mqtt.ts'
import type { DriverComponents, DriverParams, Param } from './driver.ts'
import type { JsonSource } from './transports/json-source.ts'
import type { MqttSourceInit } from './transports/mqtt.ts'

/** Settings of a broker. */
export const BROKER_PARAM: Param = { name: 'broker', type: 'text', description: 'Address of the MQTT broker, such as mqtt://192.168.1.10:1883.' }
export const BROKER_PARAMS: readonly Param[] = [
  BROKER_PARAM,
  { name: 'brokerUser', type: 'text', description: 'User name at the broker.' },
  { name: 'brokerPassword', type: 'text', isSecret: true, description: 'Password at the broker.' },
  { name: 'brokerVersion', type: 'text', values: ['3.1.1', '5'], description: 'Version of MQTT; 3.1.1 unless given, which every broker speaks.' }
]

/** The named topics of a broker. */
export async function brokerDevice (params: DriverParams, { logger }: DriverComponents, init: Pick<MqttSourceInit, 'topics' | 'availability'>): Promise<JsonSource> {
  return mqttSource({
    ...init,
    url: String(params.broker),
    username: optionalText(params.brokerUser),
    password: optionalText(params.brokerPassword),
    version: params.brokerVersion === '5' ? '5' : '3.1.1',
    logger
  })
}
