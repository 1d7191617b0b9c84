#!/usr/bin/env node
// As much of a native solc as forge asks for, on top of the compiler from npm: nothing else builds our contracts.
import { createRequire } from 'node:module'

const solc = createRequire(import.meta.url)('solc')

if (process.argv.includes('--version')) {
  // forge refuses the name of the Emscripten platform
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++')
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`)
} else if (process.argv.includes('--standard-json')) {
  const chunks = []
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
  }
  // no process.exit: a pipe takes 64 KiB at a time, and leaving early would cut the answer there
  process.stdout.write(solc.compile(Buffer.concat(chunks).toString('utf8')))
} else {
  process.exitCode = 1
}
