import { hashTypedData } from 'viem'
import { ORDER_DOMAIN_NAME, ORDER_DOMAIN_VERSION, ORDER_TYPES } from '../../../protocols/order/typed-data.ts'
import { orderId } from '../../../src/signing/digests.ts'
import { RULES } from '../../helpers/orders.ts'
import { cpuMicros, interleaved, median, ratio } from './harness.ts'
import { someOrders } from './orders.ts'
import type { Section } from './harness.ts'

const domain = { name: ORDER_DOMAIN_NAME, version: ORDER_DOMAIN_VERSION, chainId: RULES.chainId, verifyingContract: RULES.escrow }

/** The typed-data digest of an order, as hexadecimal digits, beside viem's. */
export const digest: Section = {
  name: 'digest',
  async run (options) {
    const orders = someOrders(options.isQuick ? 100 : 1000)
    const viem = (index: number): string => {
      const { order } = orders[index].signed
      return hashTypedData({ domain, types: ORDER_TYPES, primaryType: 'Order', message: { ...order, side: 0 } })
    }
    orders.forEach(({ signed, id }, index) => {
      if (orderId(signed.order, RULES) !== id || viem(index) !== id) {
        throw new Error('the two digests differ')
      }
    })
    const micros = await interleaved({
      ours: async () => cpuMicros(orders.length * 20, () => {
        for (let i = 0; i < 20; i++) {
          orders.forEach(({ signed }) => orderId(signed.order, RULES))
        }
      }),
      viem: async () => cpuMicros(orders.length, () => { orders.forEach((_, index) => viem(index)) })
    }, options)
    return [{
      id: 'P5',
      what: 'typed-data digest of an order / viem `hashTypedData`',
      figures: `${median(micros.ours).toFixed(2)} µs, viem ${median(micros.viem).toFixed(0)} µs`,
      ratio: ratio(micros.viem, micros.ours),
      goal: '>= 40'
    }]
  }
}
