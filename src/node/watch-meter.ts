import { periodAt } from '../domain/period.ts'
import type { NodeContext } from './context.ts'
import type { MeterStatus, Sampler } from '../ports/meter.ts'

/**
 * One look at the meter after another. `onPeriod` runs when the looks have passed the end of a period, which can then be read.
 * Whoever listens hears of every problem once when it begins and once when it is over.
 */
export function watchMeter (context: Pick<NodeContext, 'meter' | 'rules' | 'logger' | 'emit'>, sampler: Sampler, onPeriod: () => void): () => Promise<number> {
  const { meter, rules, logger, emit } = context
  let before: MeterStatus = meter.status()
  let through = sampler.through()

  const tell = (now: MeterStatus): void => {
    if (now.epoch !== before.epoch) {
      logger.warn('the registers do not compare with those before: the period is missing', { serial: now.traits.serial })
    }
    if (now.problem !== before.problem) {
      logger[now.problem == null ? 'info' : 'warn'](now.problem == null ? 'the meter is well' : 'the meter has a problem', { problem: now.problem })
    }
    if (now.epoch !== before.epoch || now.problem !== before.problem || now.cannotSell !== before.cannotSell) {
      emit({ type: 'meter:changed', meter: now })
    }
    before = now
  }

  return async () => {
    const wait = await sampler.sample()
    tell(meter.status())
    const reached = sampler.through()
    if (reached != null && periodAt(reached, rules) > periodAt(through ?? 0, rules)) {
      onPeriod()
    }
    through = reached
    return wait
  }
}
