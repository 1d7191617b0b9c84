/** The name somebody most likely meant, or undefined when none comes close. A right name in the wrong group comes close. */
export function nearestName (written: string, names: readonly string[]): string | undefined {
  const distances = names.map(name => ({ name, distance: lastPart(name) === written ? 1 : distanceBetween(written, name) }))
  const best = distances.sort((a, b) => a.distance - b.distance).at(0)
  return best != null && best.distance <= Math.max(2, Math.floor(written.length / 3)) ? best.name : undefined
}

function lastPart (name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** How many letters must be added, removed or changed (Levenshtein), one row of the table at a time. */
function distanceBetween (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]))
    }
    row = next
  }
  return row[b.length]
}
