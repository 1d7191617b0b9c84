import { createInterface } from 'node:readline/promises'
import { dialogue } from './output.ts'

/** Asks on stderr. An empty answer is `otherwise`; Ctrl-C and the end of the input are a no. */
export async function confirm (question: string, otherwise: boolean): Promise<boolean> {
  const answer = (await line(`${question} [${otherwise ? 'Y/n' : 'y/N'}] `))?.trim() ?? 'no'
  return answer === '' ? otherwise : /^y(es)?$/i.test(answer)
}

/** A whole number from a person; `otherwise` for an empty answer or anything else. */
export async function askNumber (question: string, otherwise: number): Promise<number> {
  const answer = Number((await line(`${question} [${otherwise}] `)) ?? '')
  return Number.isFinite(answer) && answer > 0 ? answer : otherwise
}

async function line (question: string): Promise<string | undefined> {
  const asking = createInterface(dialogue())
  const given = new AbortController()
  asking.once('close', () => { given.abort() })
  try {
    return await asking.question(question, { signal: given.signal })
  } catch {
    return undefined
  } finally {
    asking.close()
  }
}

/** Runs `task` with a signal that fires on Ctrl-C or when the process is asked to stop, so that it can put things away. */
export async function interruptible<T> (task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => { stopping.abort() }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await task(stopping.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}
