import { cost } from './units.ts'
import type { Money, PricePerKwh, UnixSeconds, WattHours } from './units.ts'

/** What the grid supplier charges for import and pays for export in one period: the home's prices without neighbours. */
export interface Tariff {
  readonly retail: PricePerKwh
  readonly feedIn: PricePerKwh
}

/** The tariff of the period that starts then. The same start always has the same tariff. */
export type TariffPlan = (periodStart: UnixSeconds) => Tariff

/** A tariff that knows no time of day. */
export function flatTariff (tariff: Tariff): TariffPlan {
  return () => tariff
}

/** The supplier's bill for one period; negative when the supplier pays. */
export function supplierBill (tariff: Tariff, importWh: WattHours, exportWh: WattHours): Money {
  return cost(importWh, tariff.retail) - cost(exportWh, tariff.feedIn)
}
