/**
 * Homes behind routers: each in a network namespace of its own, whose only way out is another namespace that translates its address
 * and lets nobody in, as home routers do. Between the routers lies a namespace that stands for the internet, from which
 * nothing leads further. Outside, addresses are of 3fff::/20, the range for documentation that libp2p takes for public ones.
 */
import { spawnSync } from 'node:child_process'
import { ip, missingForNamespaces, needs, openDoor } from './lan.ts'
import type { HomeChanges } from '../../src/practice/street.ts'
import type { Context } from 'mocha'

export interface Routers {
  /** How a home of the street is put on its machine; the first one has no router. */
  homeOf(index: number): HomeChanges
  close(): void
}

const PORT = 7690
/** For what is no part of the homes' network: their interface for people, and the chain. */
const ASIDE = '10.213.78'

/** Where a home can be called from outside, if its router lets anybody in. */
export function outsideAddress (index: number): string {
  return `/ip6/${index === 0 ? '3fff::1' : `3fff:0:${index}::2`}/tcp/${PORT}`
}

function routerRules (index: number, isForwarded: boolean): string {
  return `
    table ip6 nat {
      chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
      chain in { type nat hook prerouting priority dstnat; ${isForwarded ? `iifname "wan" tcp dport ${PORT} dnat to [fd00:${index}::2]:${PORT};` : ''} }
    }
    table ip6 filter {
      chain through { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname "lan" accept; ct status dnat accept; }
      chain self { type filter hook input priority filter; policy accept; iifname "wan" meta l4proto tcp ct state new drop; }
    }`.replaceAll('; ', '\n').replaceAll('{ ', '{\n').replaceAll(' }', '\n}')
}

function inside (space: string, program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', space, program, ...args], { encoding: 'utf8' })
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  }
}

function link ([one, name]: readonly [string, string], [other, otherName]: readonly [string, string]): void {
  ip('link', 'add', name, 'netns', one, 'type', 'veth', 'peer', 'name', otherName, 'netns', other)
  ip('-n', one, 'link', 'set', name, 'up')
  ip('-n', other, 'link', 'set', otherName, 'up')
}

function address (space: string, device: string, address: string): void {
  ip('-n', space, '-6', 'addr', 'add', address, 'dev', device, 'nodad')
}

/** Skips with a sentence where it cannot run, except in continuous integration, where that is a failure. */
export function needsRouters (test: Context): void {
  const isAble = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0
  needs(test, missingForNamespaces() ?? (isAble('nft', '--version') ? undefined : 'the Debian package nftables is not installed'))
}

/** `homes` machines, the first outside and the others behind a router each; the routers of some pass one port on. */
export async function startRouters (init: { homes: number, chainPort: number, forwarded: readonly number[] }): Promise<Routers> {
  const { homes, chainPort, forwarded } = init
  const prefix = `wm${process.pid % 100_000}n`
  const indexes = Array.from({ length: homes }, (_, index) => index)
  const [home, router] = [(index: number) => `${prefix}h${index}`, (index: number) => `${prefix}r${index}`]
  const spaces = indexes.flatMap((index) => index === 0 ? [home(0)] : [home(index), router(index)])
  spaces.forEach((space) => {
    ip('netns', 'add', space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    inside(space, 'sysctl', '-qw', `net.ipv6.conf.all.forwarding=${Number(space !== home(0) && !space.startsWith(`${prefix}r`) ? 0 : 1)}`)
  })
  address(home(0), 'lo', '3fff::1/128')
  for (const index of indexes.slice(1)) {
    link([home(0), `to${index}`], [router(index), 'wan'])
    address(home(0), `to${index}`, `3fff:0:${index}::1/64`)
    address(router(index), 'wan', `3fff:0:${index}::2/64`)
    ip('-n', router(index), '-6', 'route', 'add', 'default', 'via', `3fff:0:${index}::1`)
    link([router(index), 'lan'], [home(index), 'lan'])
    address(router(index), 'lan', `fd00:${index}::1/64`)
    address(home(index), 'lan', `fd00:${index}::2/64`)
    ip('-n', home(index), '-6', 'route', 'add', 'default', 'via', `fd00:${index}::1`)
    const { status, stderr } = spawnSync('ip', ['netns', 'exec', router(index), 'nft', '-f', '-'], { input: routerRules(index, forwarded.includes(index)), encoding: 'utf8' })
    if (status !== 0) {
      throw new Error(`nft: ${stderr}`)
    }
  }
  const doors = await Promise.all(indexes.map(async (index) => {
    const device = `${prefix}a${index}`
    ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'aside', 'netns', home(index))
    ip('addr', 'add', `${ASIDE}.${4 * index + 1}/30`, 'dev', device)
    ip('link', 'set', device, 'up')
    ip('-n', home(index), 'addr', 'add', `${ASIDE}.${4 * index + 2}/30`, 'dev', 'aside')
    ip('-n', home(index), 'link', 'set', 'aside', 'up')
    return openDoor(chainPort, `${ASIDE}.${4 * index + 1}`)
  }))

  return {
    homeOf: (index) => ({
      wrapper: ['ip', 'netns', 'exec', home(index)],
      config: {
        api: { host: `${ASIDE}.${4 * index + 2}`, port: 0 },
        chain: { rpc: `http://${ASIDE}.${4 * index + 1}:${chainPort}` },
        network: { listen: [`/ip6/${index === 0 ? '3fff::1' : `fd00:${index}::2`}/tcp/${PORT}`] }
      }
    }),
    close () {
      doors.forEach((close) => { close() })
      // the links go with the machines at their ends
      spaces.forEach((space) => { ip('netns', 'del', space) })
    }
  }
}
