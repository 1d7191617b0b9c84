import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/**
 * For `before`: skips a suite whose counterpart is not installed and says which package brings it. In continuous integration
 * nothing may be skipped, so there it fails. `program` is a name on the PATH or an absolute file name.
 */
export function needs (program: string, debianPackage: string): (this: Mocha.Context) => void {
  return function () {
    if (isThere(program)) {
      return
    }
    const message = `${program} is missing: install the Debian package ${debianPackage} to run these tests`
    if (process.env.CI != null) {
      throw new Error(message)
    }
    process.stderr.write(`      ${message}\n`)
    this.skip()
  }
}

function isThere (program: string): boolean {
  const places = program.startsWith('/') ? [program] : (process.env.PATH ?? '').split(':').map((folder) => join(folder, program))
  return places.some((place) => {
    try {
      accessSync(place, program.startsWith('/') ? constants.R_OK : constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
