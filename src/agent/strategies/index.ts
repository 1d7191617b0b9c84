import { adaptive } from './adaptive.ts'
import { fairTrader } from './fair-trader.ts'
import { fixedPrice } from './fixed-price.ts'
import { midMarket } from './mid-market.ts'
import { zeroIntelligence } from './zero-intelligence.ts'
import type { Strategy } from '../strategy.ts'

/** Every built-in strategy. */
export const strategies: readonly Strategy[] = [fairTrader, adaptive, midMarket, fixedPrice, zeroIntelligence]
