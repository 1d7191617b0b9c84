console.error('deno is not used in this project'); process.exitCode = 1
