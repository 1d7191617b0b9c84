import { InvalidArgumentError, Option } from 'commander'
import { connectApi } from '../api/client.ts'
import { dataPaths } from '../config/paths.ts'
import { CodedError } from '../domain/errors.ts'
import { isHex } from '../domain/units.ts'
import type { ApiClient } from '../api/client.ts'
import type { DataPaths } from '../config/paths.ts'
import type { Account } from '../domain/units.ts'

/** Parser of a whole number from `min` to `max`, for commander. */
export function whole (min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

/** Parser of a number from `min` to `max`, for commander. */
export function decimal (min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+(\.\d+)?$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`)
    }
    return value
  }
}

/** The address an option was given, in lower case. Throws `USAGE_BAD_ADDRESS`. */
export function account (option: string, text: string): Account {
  const lower = text.toLowerCase()
  if (!isHex(lower, 20)) {
    throw new CodedError('USAGE_BAD_ADDRESS', `${option} must be an address, 0x and 40 hexadecimal digits, not "${text}".`)
  }
  return lower
}

export function dataOption (): Option {
  return new Option('-d, --data <folder>', 'data directory (default: $WATTMESH_DATA or ~/.wattmesh)')
}

export function jsonOption (): Option {
  return new Option('--json', 'one JSON object on stdout')
}

export function nameOption (): Option {
  return new Option('--name <name>', 'what this home is called on its own computer').default('home')
}

export function ownerOption (): Option {
  return new Option('--owner <address>', 'account that pays and is paid; its key stays with you').makeOptionMandatory()
}

export function retailOption (): Option {
  return new Option('--retail <price>', 'what your supplier charges, tokens per kWh').default('0.30')
}

export function feedInOption (): Option {
  return new Option('--feed-in <price>', 'what your supplier pays, tokens per kWh').default('0.08')
}

export function pathsOf ({ data }: { data?: string }): DataPaths {
  return dataPaths({ option: data, env: process.env })
}

/** The running node over the data directory. Throws `NODE_NOT_RUNNING`. */
export async function runningNode (options: { data?: string }, signal?: AbortSignal): Promise<ApiClient> {
  return connectApi(pathsOf(options).api, { signal })
}
