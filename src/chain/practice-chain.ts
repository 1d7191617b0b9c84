import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { createTestClient, encodeDeployData, encodeFunctionData, getContractAddress, http, numberToHex, publicActions, walletActions } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { energyEscrowAbi, energyEscrowBytecode, practiceTokenAbi, practiceTokenBytecode } from '../../contracts/abi.ts'
import { CodedError } from '../domain/errors.ts'
import { chainError } from './errors.ts'
import type { ChainErrorCode } from './errors.ts'
import type { Account, Hex, Money, UnixSeconds } from '../domain/units.ts'
import type { Logger } from '../ports/telemetry.ts'
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface PracticeChainInit {
  /** Time of the first block; the wall clock's unless told. */
  readonly timestamp?: UnixSeconds
  /** A free one unless told. */
  readonly port?: number
  readonly logger?: Logger
}

/** A chain of our own on this machine, with practice money and an escrow for it. It mines only when told. */
export interface PracticeChain {
  readonly rpcUrl: string
  readonly chainId: number
  readonly escrow: Account
  readonly token: Account
  readonly deployBlock: bigint
  /** Mines what was sent into a block of this time, or of one second after the last block when that is later. */
  mine(timestamp: UnixSeconds): Promise<void>
  /** Adds gas, in wei, and practice money. Mines one block. */
  fund(account: Account, gift: { readonly gas: bigint, readonly money: Money }): Promise<void>
  stop(): Promise<void>
}

const DEPLOY_GAS = 6_000_000n
const MINT_GAS = 100_000n
const FAUCET_GAS = 10n ** 24n

/** Keeps anvil from growing without end when it runs for days. */
const KEPT_STATES = '256'

/** Kills a process when its parent dies, however it dies; part of util-linux. */
const SETPRIV = '/usr/bin/setpriv'

/** Starts anvil on the loopback interface. Throws `CHAIN_NO_ANVIL`, `CHAIN_PORT_IN_USE` or `CHAIN_FAILED`. */
export async function startPracticeChain (init: PracticeChainInit = {}): Promise<PracticeChain> {
  const anvil = await startAnvil(init)
  try {
    const chain = await deploy(anvil)
    init.logger?.scope('chain').debug('practice chain started', { rpcUrl: chain.rpcUrl, escrow: chain.escrow })
    return chain
  } catch (error) {
    await anvil.stop()
    throw chainError(error, 'start the practice chain')
  }
}

async function deploy (anvil: Anvil): Promise<PracticeChain> {
  const faucet = privateKeyToAccount(generatePrivateKey())
  const client = createTestClient({ mode: 'anvil', chain: foundry, account: faucet, transport: http(anvil.rpcUrl) })
    .extend(publicActions).extend(walletActions)
  const address = (nonce: bigint): Account => getContractAddress({ from: faucet.address, nonce }).toLowerCase() as Account
  const [token, escrow] = [address(0n), address(1n)]

  const mineNow = async (timestamp: UnixSeconds): Promise<void> => {
    const newest = Number((await client.getBlock()).timestamp)
    const next = numberToHex(Math.max(timestamp, newest + 1))
    await client.request<{ Method: 'evm_mine', Parameters: [Hex], ReturnType: unknown }>({ method: 'evm_mine', params: [next] })
  }
  let nonce = 0
  const send = async (data: Hex, gas: bigint, to?: Account): Promise<void> => {
    await client.sendTransaction({ to, data, gas, nonce: nonce++ })
  }

  await client.setLoggingEnabled(false)
  await client.setBalance({ address: faucet.address, value: FAUCET_GAS })
  await send(encodeDeployData({ abi: practiceTokenAbi, bytecode: practiceTokenBytecode }), DEPLOY_GAS)
  await send(encodeDeployData({ abi: energyEscrowAbi, bytecode: energyEscrowBytecode, args: [token] }), DEPLOY_GAS)
  await mineNow(0)

  let last: Promise<unknown> = Promise.resolve()
  /** Blocks and gifts happen one after the other, so that none is mined out of turn. */
  const inTurn = async (doing: string, task: () => Promise<void>): Promise<void> => {
    const done = last.then(task).catch((error) => { throw chainError(error, doing) })
    last = done.catch(() => {})
    return done
  }

  return {
    rpcUrl: anvil.rpcUrl,
    chainId: foundry.id,
    escrow,
    token,
    deployBlock: await client.getBlockNumber({ cacheTime: 0 }),
    mine: async (timestamp) => inTurn('mine a block', async () => mineNow(timestamp)),
    fund: async (account, { gas, money }) => inTurn('give practice money', async () => {
      await client.setBalance({ address: account, value: await client.getBalance({ address: account }) + gas })
      await send(encodeFunctionData({ abi: practiceTokenAbi, functionName: 'mint', args: [account, money] }), MINT_GAS, token)
      await mineNow(0)
    }),
    stop: anvil.stop
  }
}

interface Anvil {
  readonly rpcUrl: string
  stop(): Promise<void>
}

async function startAnvil (init: PracticeChainInit): Promise<Anvil> {
  const args = ['--host', '127.0.0.1', '--port', String(init.port ?? 0), '--no-mining', '--accounts', '1', '--prune-history', KEPT_STATES]
  if (init.timestamp != null) {
    args.push('--timestamp', String(init.timestamp))
  }
  const command = [findAnvil(), ...args]
  if (existsSync(SETPRIV)) {
    command.unshift(SETPRIV, '--pdeathsig', 'KILL', '--')
  }
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (): void => { child.kill('SIGKILL') }
  process.once('exit', kill)
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      process.off('exit', kill)
      resolve()
    })
  })
  const port = await untilListening(child, init)
  return {
    rpcUrl: `http://127.0.0.1:${port}`,
    stop: async () => {
      kill()
      await gone
    }
  }
}

/** The binary from npm for this platform, else the one on the PATH. */
function findAnvil (): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`)
  } catch {
    return 'anvil'
  }
}

/** Resolves with the port once anvil says so, and keeps reading, since a full pipe would stop it. */
async function untilListening (child: ChildProcess & { stdout: Readable, stderr: Readable }, init: PracticeChainInit): Promise<number> {
  let complaint = ''
  child.stderr.on('data', (chunk) => { complaint = `${complaint}${String(chunk)}`.slice(-1000) })
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = /^Listening on .*:(\d+)$/.exec(line.trim())?.[1]
      if (port != null) {
        resolve(Number(port))
      }
    })
    child.once('error', (cause) => { reject(noAnvil(cause)) })
    child.once('close', (code) => { reject(startFailed(code, complaint, init.port)) })
  })
}

function noAnvil (cause?: unknown): CodedError<ChainErrorCode> {
  return new CodedError('CHAIN_NO_ANVIL',
    'The practice chain needs anvil: run `npm install` with optional packages, or install Foundry from https://getfoundry.sh so that `anvil` is on the PATH.', { cause })
}

function startFailed (code: number | null, complaint: string, port?: number): CodedError<ChainErrorCode> {
  if (/address (already )?in use/i.test(complaint)) {
    return new CodedError('CHAIN_PORT_IN_USE', `Port ${port} is taken by another program: stop that program or choose another port.`, { details: { port } })
  }
  // Setpriv answers 127 when there is no such program.
  return code === 127
    ? noAnvil()
    : new CodedError('CHAIN_FAILED', `The practice chain stopped before it was ready: ${complaint.trim() || `code ${code}`}.`, { details: { code } })
}
