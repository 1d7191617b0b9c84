import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Context } from 'mocha'

/**
 * A `before` hook for tests whose counterpart comes from Debian: skips them where the program is missing, and fails in
 * continuous integration, where every test has to run. A program may also be a file with its full path.
 */
export function needs (program: string, debianPackage: string): (this: Context) => void {
  return function () {
    if (isThere(program)) {
      return
    }
    const message = `${program} is missing: apt-get install ${debianPackage}`
    if (process.env.CI != null) {
      throw new Error(message)
    }
    process.stderr.write(`      skipped, because ${message}\n`)
    this.skip()
  }
}

function isThere (program: string): boolean {
  const paths = program.includes('/') ? [program] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program))
  return paths.some((path) => {
    try {
      accessSync(path, constants.R_OK)
      return true
    } catch {
      return false
    }
  })
}
