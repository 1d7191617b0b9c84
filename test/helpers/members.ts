import type { Member } from '../../src/domain/member.ts'
import type { Account } from '../../src/domain/units.ts'
import type { Membership } from '../../src/ports/membership.ts'

/** A meter book in memory, the same for everybody who looks. */
export interface MemoryBook extends Membership {
  seats: Map<Account, Member>
  problem?: string
}

export function memoryBook (): MemoryBook {
  const book: MemoryBook = {
    seats: new Map(),
    start: async () => {},
    stop: async () => {},
    seat: (home) => book.seats.get(home),
    state: () => ({ book: `0x${'bb'.repeat(20)}`, seats: book.seats.size, asOf: 0, ...(book.problem == null ? {} : { problem: book.problem }) })
  }
  return book
}
