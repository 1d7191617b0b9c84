import { csvReplay } from './devices/csv-replay.ts'
import { demoHome } from './devices/demo.ts'
import { dsmr } from './devices/dsmr.ts'
import { enphase } from './devices/enphase.ts'
import { evcc } from './devices/evcc.ts'
import { fronius } from './devices/fronius.ts'
import { homeAssistant } from './devices/home-assistant.ts'
import { homewizard } from './devices/homewizard.ts'
import { mqtt } from './devices/mqtt.ts'
import { openems } from './devices/openems.ts'
import { shelly } from './devices/shelly.ts'
import { smaMeter } from './devices/sma-meter.ts'
import { sml } from './devices/sml.ts'
import { tasmota } from './devices/tasmota.ts'
import { severalDevices } from './several.ts'
import type { Driver } from './driver.ts'

const single: readonly Driver[] = [
  csvReplay, demoHome, dsmr, enphase, evcc, fronius, homeAssistant, homewizard, mqtt, openems, shelly, smaMeter, sml, tasmota
]

/** Every built-in driver. The configuration chooses one by its type. */
export const drivers: readonly Driver[] = [...single, severalDevices(single)]
