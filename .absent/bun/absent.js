console.error('bun is not used in this project'); process.exitCode = 1
