import type { PublicKey } from '../domain/units.ts'
import type { Conversation, Network } from '../ports/network.ts'

/** Runs `task` in a conversation with a neighbour, which is closed afterwards whatever becomes of it. */
export async function talk<T> (network: Network, key: PublicKey, task: (conversation: Conversation) => Promise<T>): Promise<T> {
  const conversation = await network.converse(key)
  try {
    return await task(conversation)
  } finally {
    await conversation.close().catch(() => {})
  }
}
