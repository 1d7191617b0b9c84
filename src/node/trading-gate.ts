import type { NodeContext } from './context.ts'

/** True while the chain can be trusted to say what is secured; says once when that ends and once when it is so again. */
export type TradingGate = () => boolean

export function tradingGate ({ settlement, logger }: Pick<NodeContext, 'settlement' | 'logger'>): TradingGate {
  let wasOpen = true
  return () => {
    const { ok, reason } = settlement.isHealthy()
    if (ok !== wasOpen) {
      wasOpen = ok
      if (ok) {
        logger.info('trading resumes')
      } else {
        logger.warn('trading paused, money safe', { reason })
      }
    }
    return ok
  }
}
