import { fairTrader } from './fair-trader.ts'
import type { Strategy } from '../strategy.ts'

/** Every built-in strategy. */
export const strategies: readonly Strategy[] = [fairTrader]
