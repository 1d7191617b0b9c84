import {
  BaseError, ChainDisconnectedError, ContractFunctionRevertedError, ContractFunctionZeroDataError, ExecutionRevertedError, HttpRequestError,
  InsufficientFundsError, SocketClosedError, TimeoutError
} from 'viem'
import { CodedError, explain } from '../domain/errors.ts'

/** What can go wrong in this room. */
export type ChainErrorCode =
  | 'CHAIN_UNREACHABLE'
  | 'CHAIN_WRONG_NETWORK'
  | 'CHAIN_NO_CONTRACT'
  | 'CHAIN_NO_GAS'
  | 'CHAIN_NO_DEPLOYER'
  | 'CHAIN_BAD_TOKEN'
  | 'CHAIN_BAD_CODE'
  | 'CHAIN_BAD_LIST'
  | 'CHAIN_REVERTED'
  | 'CHAIN_TIMEOUT'
  | 'CHAIN_STOPPED'
  | 'CHAIN_FAILED'
  | 'CHAIN_NO_ANVIL'
  | 'CHAIN_PORT_IN_USE'

/** The contract said no. `details.error` is its own name for it, `unknown` when it gave none that we know. */
export function reverted (doing: string, name: string, cause?: unknown): CodedError<ChainErrorCode> {
  return new CodedError('CHAIN_REVERTED', `The contract refused to ${doing}: ${name}.`, { details: { doing, error: name }, cause })
}

/** A refusal with what to do about it, where `advice` knows the contract's name for it; any other error as it is. */
export function advised (error: unknown, advice: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof CodedError) || error.code !== 'CHAIN_REVERTED' || !(String(error.details.error) in advice)) {
    return error
  }
  const { doing, error: name } = error.details
  return new CodedError<ChainErrorCode>('CHAIN_REVERTED', `The contract refused to ${String(doing)}: ${advice[String(name)]}`, { details: error.details, cause: error.cause })
}

/** Whatever viem threw while we tried to `doing`, as an error of this room. Errors of this room pass through. */
export function chainError (error: unknown, doing: string): CodedError<string> {
  if (error instanceof CodedError) {
    return error
  }
  const found = (...kinds: Array<abstract new (...args: never[]) => Error>): Error | undefined =>
    error instanceof BaseError ? error.walk((at) => kinds.some((kind) => at instanceof kind)) as Error ?? undefined : undefined
  const wrap = (code: ChainErrorCode, message: string): CodedError<string> => new CodedError(code, message, { details: { doing }, cause: error })

  // Before reverts: a node reports an account without gas as a failed execution too.
  if (found(InsufficientFundsError) != null) {
    return wrap('CHAIN_NO_GAS', `The key has not enough of the chain's own coin to ${doing}: send some to its address.`)
  }
  const revert = found(ContractFunctionRevertedError)
  if (revert instanceof ContractFunctionRevertedError) {
    return reverted(doing, revert.data?.errorName ?? revert.reason ?? revert.signature ?? 'unknown', error)
  }
  if (found(ExecutionRevertedError) != null) {
    return reverted(doing, 'unknown', error)
  }
  if (found(ContractFunctionZeroDataError) != null) {
    return wrap('CHAIN_NO_CONTRACT', `There is no such contract at the configured address, so we cannot ${doing}: check the address and the chain.`)
  }
  if (found(HttpRequestError, TimeoutError, SocketClosedError, ChainDisconnectedError) != null) {
    return wrap('CHAIN_UNREACHABLE', `The chain did not answer when we tried to ${doing}: check that the RPC address is right and the service runs.`)
  }
  return wrap('CHAIN_FAILED', `The chain would not ${doing}: ${error instanceof BaseError ? error.shortMessage : String(error)}`)
}

/** The first line of a failure: viem's next ones name the service's URL, which may carry a key. */
export function brief (error: unknown): string {
  return explain(error).split('\n', 1)[0]
}
