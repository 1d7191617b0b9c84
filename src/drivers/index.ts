import { abbB } from './devices/abb-b.ts'
import { carloGavazzi } from './devices/carlo-gavazzi.ts'
import { csvReplay } from './devices/csv-replay.ts'
import { demoHome } from './devices/demo.ts'
import { dsmr } from './devices/dsmr.ts'
import { eastronSdm } from './devices/eastron-sdm.ts'
import { enphase } from './devices/enphase.ts'
import { evcc } from './devices/evcc.ts'
import { fronius } from './devices/fronius.ts'
import { genericModbus } from './devices/generic-modbus.ts'
import { homeAssistant } from './devices/home-assistant.ts'
import { homewizard } from './devices/homewizard.ts'
import { huaweiSun2000 } from './devices/huawei-sun2000.ts'
import { janitzaUmg } from './devices/janitza-umg.ts'
import { mqtt } from './devices/mqtt.ts'
import { openems } from './devices/openems.ts'
import { shelly } from './devices/shelly.ts'
import { smaInverter } from './devices/sma-inverter.ts'
import { smaMeter } from './devices/sma-meter.ts'
import { sml } from './devices/sml.ts'
import { sungrowSg } from './devices/sungrow-sg.ts'
import { sungrowSh } from './devices/sungrow-sh.ts'
import { sunSpec } from './devices/sunspec.ts'
import { tasmota } from './devices/tasmota.ts'
import type { Driver } from './driver.ts'

/** Every built-in driver. The configuration chooses one by its type. */
export const drivers: readonly Driver[] = [
  abbB,
  carloGavazzi,
  csvReplay,
  demoHome,
  dsmr,
  eastronSdm,
  enphase,
  evcc,
  fronius,
  genericModbus,
  homeAssistant,
  homewizard,
  huaweiSun2000,
  janitzaUmg,
  mqtt,
  openems,
  shelly,
  smaInverter,
  smaMeter,
  sml,
  sungrowSg,
  sungrowSh,
  sunSpec,
  tasmota
]
