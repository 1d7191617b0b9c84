import type { ChildProcess } from 'node:child_process'

const alive = new Set<ChildProcess>()

process.on('exit', () => { alive.forEach((child) => child.kill('SIGKILL')) })

/** The same process, which is killed when this one exits, whatever failed before. */
export function tied<T extends ChildProcess> (child: T): T {
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  return child
}
