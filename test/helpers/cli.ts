import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { run } from '../../src/cli/index.ts'
import { tied } from './child.ts'
import { CLI_COMMAND } from './practice.ts'
import type { ChildProcess } from 'node:child_process'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly child: ChildProcess
  /** Resolves once stderr matches; rejects when the program ends before. */
  said(pattern: RegExp): Promise<void>
  finished: Promise<Finished>
}

const running = new Set<ChildProcess>()

/** Ends what a failed test left running, so that nothing writes into a folder that is removed next. */
export async function killAllCli (): Promise<void> {
  const left = [...running].filter(({ exitCode, signalCode }) => exitCode == null && signalCode == null)
  await Promise.all(left.map(async (child) => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }))
}

/** Starts the command line as its own process, as a person would. */
export function startCli (...args: string[]): RunningCli {
  const [program, ...rest] = [...CLI_COMMAND, ...args]
  const child = tied(spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, NODE_OPTIONS: '' } }))
  running.add(child)
  let stdout = ''
  let stderr = ''
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      resolve({ code, stdout, stderr })
    })
  })
  child.stdout.on('data', (chunk) => { stdout += String(chunk) })
  child.stderr.on('data', (chunk) => { stderr += String(chunk) })
  const said = async (pattern: RegExp): Promise<void> => new Promise((resolve, reject) => {
    const look = (): void => {
      if (pattern.test(stderr)) {
        child.stderr.off('data', look)
        resolve()
      }
    }
    child.stderr.on('data', look)
    void finished.then(() => { reject(new Error(`it ended and said: ${stderr}`)) })
    look()
  })
  return { child, said, finished }
}

export async function runCli (...args: string[]): Promise<Finished> {
  return startCli(...args).finished
}

let last: Promise<unknown> = Promise.resolve()

/** The same without a process: many times as quick, for what does not depend on being one. One after the other. */
export async function callCli (...args: string[]): Promise<Finished> {
  const finished = last.then(async () => captured(async () => run(args)))
  last = finished.catch(() => {})
  return finished
}

async function captured (task: () => Promise<number>): Promise<Finished> {
  const before = process.exitCode
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)]
  try {
    process.exitCode = undefined
    const code = await task()
    return { code, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    stdout.end()
    stderr.end()
    process.exitCode = before
  }
}

/** Keeps what is written instead of showing it, as through a pipe. */
function capture (stream: NodeJS.WriteStream): { text(): string, end(): void } {
  const { write, isTTY } = stream
  let text = ''
  stream.isTTY = false
  stream.write = (chunk: Uint8Array | string) => {
    text += String(chunk)
    return true
  }
  return {
    text: () => text,
    end () {
      stream.write = write
      stream.isTTY = isTTY
    }
  }
}
