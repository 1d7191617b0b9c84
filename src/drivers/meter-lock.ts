import { createHash } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { CodedError } from '../domain/errors.ts'
import type { Server } from 'node:net'

/**
 * Makes sure that no other node of this user reads the meter on this computer: both would sell the same energy. A socket and no
 * file with a process number, because it is gone with its process, however that ends. Returns the way to give the meter
 * back. `folder` is one that all nodes share. Throws `DEVICE_IN_USE`.
 */
export async function lockMeter (serial: string, folder: string): Promise<() => Promise<void>> {
  const place = placeOf(serial, folder)
  const server = await listen(place) ?? (await isAnswered(place) ? undefined : await listenAnew(place))
  if (server == null) {
    throw new CodedError('DEVICE_IN_USE', `Another node on this computer already reads the meter with serial number ${serial}: stop that one first, or give each home a meter of its own.`, { details: { serial } })
  }
  return async () => { await new Promise((resolve) => { server.close(resolve) }) }
}

function placeOf (serial: string, folder: string): string {
  const name = `wattmesh-${process.getuid?.() ?? 0}-${createHash('sha256').update(serial).digest('hex').slice(0, 16)}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(folder, `${name}.meter`)
}

/** Undefined when the place is taken. */
async function listen (place: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => { socket.destroy() }).unref()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        resolve(undefined)
      } else {
        reject(error)
      }
    })
    server.listen(place, () => { resolve(server) })
  })
}

/** What a process left behind when it was killed answers nobody. */
async function isAnswered (place: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(place, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => { resolve(false) })
  })
}

async function listenAnew (place: string): Promise<Server | undefined> {
  await unlink(place).catch(() => {})
  return listen(place)
}
