const TOP = 2 ** 32

/**
 * Makes a 32-bit register endless while it is watched, in mWh. A fall counts as a wrap only from close under the top to
 * close above zero; any other is left to whoever keeps the books.
 */
export function unwrapper (): (milliWh: number | undefined, step: number | undefined) => number | undefined {
  let last: number | undefined
  let wrapped = 0
  return (milliWh, step) => {
    if (milliWh == null || step == null) {
      return undefined
    }
    const modulus = TOP * step * 1000
    if (last != null && last > 0.99 * modulus && milliWh < 0.01 * modulus) {
      wrapped += modulus
    }
    last = milliWh
    const total = Math.round(wrapped) + milliWh
    return Number.isSafeInteger(total) ? total : undefined
  }
}
