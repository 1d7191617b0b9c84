import { cost } from './units.ts'
import type { PricePerKwh, WattHours, Money } from './units.ts'

/** What the grid supplier charges for import and pays for export: the home's prices without neighbours. */
export interface Tariff {
  readonly retail: PricePerKwh
  readonly feedIn: PricePerKwh
}

/** The supplier's bill for one period; negative when the supplier pays. */
export function supplierBill (tariff: Tariff, importWh: WattHours, exportWh: WattHours): Money {
  return cost(importWh, tariff.retail) - cost(exportWh, tariff.feedIn)
}
