/** Runs each of them in turn, even when one before it fails; throws the first failure at the end. */
export async function stopAll (...stops: ReadonlyArray<() => unknown>): Promise<void> {
  const failures: unknown[] = []
  for (const stop of stops) {
    try {
      await stop()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) {
    throw failures[0]
  }
}
