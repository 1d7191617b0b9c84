import { abbB } from './devices/abb-b.ts'
import { carloGavazzi } from './devices/carlo-gavazzi.ts'
import { csvReplay } from './devices/csv-replay.ts'
import { demoHome } from './devices/demo.ts'
import { dsmr } from './devices/dsmr.ts'
import { eastronSdm } from './devices/eastron-sdm.ts'
import { genericModbus } from './devices/generic-modbus.ts'
import { huaweiSun2000 } from './devices/huawei-sun2000.ts'
import { janitzaUmg } from './devices/janitza-umg.ts'
import { smaInverter } from './devices/sma-inverter.ts'
import { smaMeter } from './devices/sma-meter.ts'
import { sml } from './devices/sml.ts'
import { sungrowSg } from './devices/sungrow-sg.ts'
import { sungrowSh } from './devices/sungrow-sh.ts'
import { sunSpec } from './devices/sunspec.ts'
import type { Driver } from './driver.ts'

/** Every built-in driver. The configuration chooses one by its type. */
export const drivers: readonly Driver[] = [
  abbB,
  carloGavazzi,
  csvReplay,
  demoHome,
  dsmr,
  eastronSdm,
  genericModbus,
  huaweiSun2000,
  janitzaUmg,
  smaInverter,
  smaMeter,
  sml,
  sungrowSg,
  sungrowSh,
  sunSpec
]
