import type { Notes } from '../ports/store.ts'

/** One value that this room remembers over a restart, if it was given somewhere to note it; else for as long as it runs. */
export interface Keepsake<T> {
  get(): Promise<T | undefined>
  set(value: T | undefined): Promise<void>
}

/** `id` must name the chain and whatever else the value depends on. A note that cannot be read counts as none. */
export function keepsake<T> (notes: Notes | undefined, id: string): Keepsake<T> {
  let held: { readonly value: T | undefined } | undefined
  return {
    get: async () => {
      held ??= { value: parse<T>(await notes?.note(id)) }
      return held.value
    },
    set: async (value) => {
      const isNew = held?.value !== value
      held = { value }
      if (isNew) {
        // A disk that fails says so elsewhere; what was sent to the chain is sent all the same.
        await notes?.commit({ notes: [{ id, text: value == null ? '' : JSON.stringify(value, replacer) }] }).catch(() => {})
      }
    }
  }
}

function parse<T> (text: string | undefined): T | undefined {
  try {
    return text == null || text === '' ? undefined : JSON.parse(text, reviver)
  } catch {
    return undefined
  }
}

const replacer = (_: string, value: unknown): unknown => typeof value === 'bigint' ? `${value}n` : value

const reviver = (_: string, value: unknown): unknown => typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value
