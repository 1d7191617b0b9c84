import { csvReplay } from './devices/csv-replay.ts'
import { demoHome } from './devices/demo.ts'
import type { Driver } from './driver.ts'

/** Every built-in driver. The configuration chooses one by its type. */
export const drivers: readonly Driver[] = [csvReplay, demoHome]
