/** `ms`, a fifth more or less: a street whose power comes back starts all at once, and shall not do all things at once for ever. */
export function spread (ms: number): number {
  return ms * (0.8 + 0.4 * Math.random())
}
