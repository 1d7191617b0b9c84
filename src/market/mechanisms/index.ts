import { continuous } from './continuous.ts'
import type { Mechanism } from '../mechanism.ts'

/** Every built-in mechanism. `MarketRules.mechanism` chooses one by its name. */
export const mechanisms: readonly Mechanism[] = [continuous]
