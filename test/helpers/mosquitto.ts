import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { tied } from './child.ts'
import { temporaryDirectory } from './directory.ts'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'

export const BROKER_USER = 'house'
export const BROKER_PASSWORD = 'correct horse'

export interface Mosquitto {
  readonly url: string
  readonly port: number
  publish(topic: string, payload: string | object, retain?: boolean): Promise<void>
  stop(): Promise<void>
  /** On the same port, with what it kept. */
  start(): Promise<void>
}

/** The real broker, with a password, on a port of its own. */
export async function mosquitto (): Promise<Mosquitto> {
  const directory = temporaryDirectory()
  chmodSync(directory, 0o755)
  const passwords = join(directory, 'passwords')
  execFileSync('mosquitto_passwd', ['-b', '-c', passwords, BROKER_USER, BROKER_PASSWORD], { stdio: 'ignore' })
  chmodSync(passwords, 0o644)
  const port = await freePort()
  const config = join(directory, 'mosquitto.conf')
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}\nuser root\npersistence false\n`)
  const url = `mqtt://127.0.0.1:${port}`
  let broker: ChildProcess | undefined

  const start = async (): Promise<void> => {
    broker = tied(spawn('mosquitto', ['-c', config], { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` } }))
    for (let attempt = 0; ; attempt++) {
      try {
        await (await client()).endAsync()
        return
      } catch (error) {
        if (attempt > 100) {
          throw error
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const client = async (): ReturnType<typeof connectAsync> => connectAsync(url, { username: BROKER_USER, password: BROKER_PASSWORD, reconnectPeriod: 0 }, false)

  await start()
  return {
    url,
    port,
    start,
    async publish (topic, payload, retain = false) {
      const publisher = await client()
      await publisher.publishAsync(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), { retain, qos: 1 })
      await publisher.endAsync()
    },
    async stop () {
      const running = broker
      broker = undefined
      if (running != null && running.exitCode == null && running.signalCode == null) {
        await new Promise((resolve) => {
          running.once('exit', resolve)
          running.kill()
        })
      }
    }
  }
}

/** What mosquitto's own client hears: the newest message of each topic. */
export function listen (port: number): { heard: Map<string, string>, stop(): void } {
  const heard = new Map<string, string>()
  const child = tied(spawn('mosquitto_sub', ['-h', '127.0.0.1', '-p', String(port), '-u', BROKER_USER, '-P', BROKER_PASSWORD, '-t', '#', '-F', '%t %p']))
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach((line) => { heard.set(line.split(' ')[0], line.slice(line.indexOf(' ') + 1)) })
  })
  return { heard, stop: () => { child.kill() } }
}

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
