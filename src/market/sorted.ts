/** Index of the first element of a sorted list that does not come before what is looked for; the list's length when all do. */
export function firstNotBefore<Element> (list: readonly Element[], isBefore: (element: Element) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = low + high >>> 1
    if (isBefore(list[middle])) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}
