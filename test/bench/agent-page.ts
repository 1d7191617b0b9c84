import type { Errors, Method, Quantity } from './forecast-error.ts'

export interface ErrorRow extends Errors {
  readonly homes: string
  readonly lead: number
  readonly quantity: Quantity
  readonly method: Method
}

/** Shares of what could be shared, of what was contracted, and of the gain with perfect foresight. */
export interface StreetRow {
  readonly title: string
  readonly contracted: number
  readonly ahead: number
  readonly residual: number
  /** Not offered, not sought, not agreed, not kept. */
  readonly lost: readonly number[]
  readonly short: number
  readonly unneeded: number
  readonly gainAhead: number
  readonly gainBoth: number
  /** In tokens for the year. */
  readonly gainPerHome: ReadonlyArray<{ readonly ahead: number, readonly both: number, readonly perfect: number }>
  readonly worseOff: number
  readonly worsePeriods: number
  readonly trades: number
}

export interface BenchFigures {
  readonly errors: readonly ErrorRow[]
  readonly streets: readonly StreetRow[]
}

const percent = (share: number): string => (100 * share).toFixed(1)

function line (cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Methods in columns, nMAE and nRMSE in each cell. */
function errorTable (rows: readonly ErrorRow[], homes: string): string {
  const methods = [...new Set(rows.map(({ method }) => method))].sort((a, b) => Number(b === 'own-history') - Number(a === 'own-history'))
  const kinds = [...new Set(rows.filter((row) => row.homes === homes).map(({ quantity, lead }) => `${quantity} ${lead}`))]
  const lines = kinds.map((kind) => {
    const [quantity, lead] = kind.split(' ')
    const cells = methods.map((method) => {
      const row = rows.find((each) => each.homes === homes && each.quantity === quantity && String(each.lead) === lead && each.method === method)
      return row == null ? '–' : `${percent(row.nMae)} / ${percent(row.nRmse)}`
    })
    return line([quantity, `${lead} h`, ...cells])
  })
  return [line(['', 'newest data', ...methods]), line(['', '', ...methods].map((_, place) => place < 2 ? '---' : '---:')), ...lines].join('\n')
}

function streetTable (rows: readonly StreetRow[]): string {
  const head = ['market', 'agreed ahead', '**shared ahead**', '**shared after metering**', 'seller short', 'buyer did not need', 'gain ahead', 'gain in all', '**homes worse off**', 'hours worse off', 'trades']
  return [
    line(head),
    line(head.map((_, place) => place === 0 ? '---' : '---:')),
    ...rows.map((row) => line([
      row.title, percent(row.contracted), percent(row.ahead), percent(row.residual), percent(row.short), percent(row.unneeded), percent(row.gainAhead), percent(row.gainBoth),
      percent(row.worseOff), String(row.worsePeriods), String(row.trades)
    ]))
  ].join('\n')
}

function lossTable (rows: readonly StreetRow[]): string {
  const head = ['market', '**shared ahead**', 'not offered', 'not sought', 'not agreed', 'not kept']
  return [
    line(head),
    line(head.map((_, place) => place === 0 ? '---' : '---:')),
    ...rows.map(({ title, ahead, lost }) => line([title, ...[ahead, ...lost].map(percent)]))
  ].join('\n')
}

function homeTable ({ gainPerHome }: StreetRow): string {
  return [
    line(['home', 'gain ahead', 'gain in all', 'with perfect foresight', 'share ahead', 'share in all']),
    line(['---', '---:', '---:', '---:', '---:', '---:']),
    ...gainPerHome.map(({ ahead, both, perfect }, home) => line([String(home + 1), ahead.toFixed(2), both.toFixed(2), perfect.toFixed(2), `${percent(ahead / perfect)} %`, `${percent(both / perfect)} %`]))
  ].join('\n')
}

export function renderAgentBench ({ errors, streets }: BenchFigures): string {
  const sets = [...new Set(errors.map(({ homes }) => homes))]
  return `<!-- Written by \`npm run bench:agent\`. Do not edit. -->

# The agent on ten real homes

Ten homes in Fontana, California, hourly from August 2016 to July 2017 (EPRI, published with the CityLearn Challenge 2022).
All of them have PV, so neighbours have a surplus and a need at much the same times: a hard street. Walk-forward: the home
is shown one hour after the other, and no decision sees an hour that was not over. The forecast's constants were chosen on
homes 1–5, August–January; that the weight of the load adapts itself was added after looking at homes 6 and 7, so the figures of these two are not untouched.
That own use is weighed hour by hour from two weeks without the days that stand out was chosen on homes 1–5, August–January, alone.

## Forecasts

Mean absolute / root mean square error in % of the mean of what was metered, averaged over the homes. "newest data" is how
many hours before the forecast hour the newest metered one begins: a node decides on an hour while the one before it still
runs, which makes that 2; 1 is for comparison with other studies. The best known simple methods stand beside: the newest
hour again, the same hour of yesterday, the mean of that hour over a week. The first ten days are left out. "grid meter
only" is the same forecast for a home whose devices tell import and export and nothing else.

${sets.map((homes) => `### ${homes[0].toUpperCase()}${homes.slice(1)}\n\n${errorTable(errors, homes)}`).join('\n\n')}

## Trading

One street of the ten homes: own agents, order book, mechanism and delivery as in the node, without network, signatures and
disk. Retail 0.30, feed-in 0.08 tokens per kWh. "agreed ahead", "shared ahead" and "shared after metering" are in % of
what the homes could have shared at most, hour by hour; "seller short" and "buyer did not need" in % of what was agreed.
Gains are in % of what the same market gains with perfect foresight and no residual round. After metering, what is left is
traded in the node's residual round: its own sums, prices and starting moments. A home asks the middle of its own tariffs and
pays no more than that. A home is worse off when its bill for the year is higher
than without neighbours; "hours worse off" counts every hour in which any home paid more.

${streetTable(streets)}

## What is not shared ahead

In % of what the homes could have shared at most; each row adds up to 100. Hour by hour: "not offered" is what sellers together
foresaw too little of, "not sought" what was on offer and buyers together foresaw no need for, "not agreed" what was offered
and sought and no two agreed on, "not kept" what was agreed by homes that then had no surplus or no need. The first, the second
and the last are forecast error; only the third is for prices and matching to mend. "promising more" takes quantiles
0.2 beyond those that the prices make worth it, on both sides: a few more points, for many more promises that are not kept, so
the agent does not. Newer data helps more ("newest hour known"); what is left waits for the meters, and is shared then.

${lossTable(streets)}

## Each home

Gain in tokens for the year against trading with the supplier alone; fair-trader, own-history. A share above 100 % is a home
that does better by waiting: after metering it trades at the middle of the tariffs, where ahead it would have had the worse
price. On the whole street the two add up to what perfect foresight gains.

${homeTable(streets[1])}
`
}
