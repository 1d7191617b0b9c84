import { tmpdir } from 'node:os'
import { join } from 'node:path'

// programs that the tests start from source need not translate and compile it every time
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'wattmesh-compile-cache')
