import { csvReplay } from './devices/csv-replay.ts'
import { demoHome } from './devices/demo.ts'
import { dsmr } from './devices/dsmr.ts'
import { smaMeter } from './devices/sma-meter.ts'
import { sml } from './devices/sml.ts'
import type { Driver } from './driver.ts'

/** Every built-in driver. The configuration chooses one by its type. */
export const drivers: readonly Driver[] = [csvReplay, demoHome, dsmr, smaMeter, sml]
