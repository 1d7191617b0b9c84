/**
 * The points this program reads of SunSpec models. A point is [registers after the model's id, type, scale factor], a text
 * [registers, 'string', registers it takes]. A test compares all of it with the official definitions.
 */

export type PointType = 'int16' | 'uint16' | 'uint32' | 'uint64' | 'acc32' | 'float32' | 'enum16' | 'sunssf'
export type Point = readonly [offset: number, type: PointType, scaleFactor?: string] | readonly [offset: number, type: 'string', size: number]
export type Points = Readonly<Record<string, Point>>

export interface Model {
  readonly points: Points
  /** Modules that follow, each of `size` registers; their points count from the first module's start at `offset`. */
  readonly modules?: { readonly offset: number, readonly size: number, readonly points: Points }
}

const COMMON: Model = { points: { Mn: [2, 'string', 16], Md: [18, 'string', 16], Opt: [34, 'string', 8], SN: [50, 'string', 16] } }

const INVERTER: Model = { points: { W: [14, 'int16', 'W_SF'], W_SF: [15, 'sunssf'], WH: [24, 'acc32', 'WH_SF'], WH_SF: [26, 'sunssf'] } }

const FLOAT_INVERTER: Model = { points: { W: [22, 'float32'], WH: [32, 'float32'] } }

const METER: Model = {
  points: {
    W: [18, 'int16', 'W_SF'],
    W_SF: [22, 'sunssf'],
    TotWhExp: [38, 'acc32', 'TotWh_SF'],
    TotWhImp: [46, 'acc32', 'TotWh_SF'],
    TotWh_SF: [54, 'sunssf']
  }
}

const FLOAT_METER: Model = { points: { W: [28, 'float32'], TotWhExp: [60, 'float32'], TotWhImp: [68, 'float32'] } }

export const MODELS: Readonly<Record<number, Model>> = {
  1: COMMON,
  101: INVERTER,
  102: INVERTER,
  103: INVERTER,
  111: FLOAT_INVERTER,
  112: FLOAT_INVERTER,
  113: FLOAT_INVERTER,
  120: { points: { WRtg: [3, 'uint16', 'WRtg_SF'], WRtg_SF: [4, 'sunssf'] } },
  124: { points: { ChaState: [8, 'uint16', 'ChaState_SF'], ChaState_SF: [22, 'sunssf'] } },
  160: {
    points: { DCW_SF: [4, 'sunssf'], DCWH_SF: [5, 'sunssf'] },
    modules: { offset: 10, size: 20, points: { IDStr: [1, 'string', 8], DCW: [11, 'uint16', 'DCW_SF'], DCWH: [12, 'acc32', 'DCWH_SF'] } }
  },
  201: METER,
  202: METER,
  203: METER,
  204: METER,
  211: FLOAT_METER,
  212: FLOAT_METER,
  213: FLOAT_METER,
  214: FLOAT_METER,
  701: { points: { W: [10, 'int16', 'W_SF'], TotWhInj: [19, 'uint64', 'TotWh_SF'], W_SF: [116, 'sunssf'], TotWh_SF: [120, 'sunssf'] } },
  702: { points: { WMaxRtg: [2, 'uint16', 'W_SF'], W_SF: [45, 'sunssf'] } },
  713: { points: { WHRtg: [2, 'uint16', 'WH_SF'], SoC: [4, 'uint16', 'Pct_SF'], WH_SF: [7, 'sunssf'], Pct_SF: [8, 'sunssf'] } },
  714: {
    points: { DCW_SF: [17, 'sunssf'], DCWH_SF: [18, 'sunssf'] },
    modules: { offset: 20, size: 25, points: { PrtTyp: [0, 'enum16'], DCW: [12, 'int16', 'DCW_SF'], DCWhInj: [13, 'uint64', 'DCWH_SF'] } }
  },
  802: {
    points: {
      WHRtg: [3, 'uint16', 'WHRtg_SF'],
      SoC: [11, 'uint16', 'SoC_SF'],
      W: [47, 'int16', 'W_SF'],
      WHRtg_SF: [53, 'sunssf'],
      SoC_SF: [56, 'sunssf'],
      W_SF: [63, 'sunssf']
    }
  }
}

/** What the models are for. Where a device has several of a kind, the first of these lists counts. */
export const INVERTERS: readonly number[] = [111, 112, 113, 101, 102, 103, 701]
export const METERS: readonly number[] = [211, 212, 213, 214, 201, 202, 203, 204]
export const RATINGS: readonly number[] = [702, 120]

/** What makers do that the models do not say. */
export interface Vendor {
  /** Beginning of the maker's name in model 1. */
  readonly maker: string
  /** 1 where a meter's positive power is import, -1 where it is export. */
  readonly gridSign: 1 | -1
  /** Numbers under which the meter answers when the inverter's own has none. */
  readonly meterUnits: readonly number[]
}

export const VENDORS: readonly Vendor[] = [
  { maker: 'Fronius', gridSign: 1, meterUnits: [200, 240] },
  { maker: 'SolarEdge', gridSign: -1, meterUnits: [] }
]
