import { startPracticeChain } from '../../src/chain/practice-chain.ts'

/** A program that starts a chain, names it and waits to be killed. */
const { rpcUrl } = await startPracticeChain()
process.stdout.write(`${rpcUrl}\n`)
setInterval(() => {}, 60_000)
