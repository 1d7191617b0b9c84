/** @type {import('aegir').PartialOptions} */
export default {
  build: { bundle: false },
  test: { target: ['node'], files: ['test/**/*.spec.ts'], timeout: 120_000 },
  lint: {
    files: ['*.js', 'src/**/*.ts', 'protocols/**/*.ts', 'contracts/*.ts', 'test/**/*.ts', 'examples/**/*.ts', '!**/dist/**', '!**/node_modules/**']
  },
  dependencyCheck: {
    ignore: ['mocha', 'bun', 'deno', 'protons', 'react-native-webrtc', 'uint8arraylist'],
    productionIgnorePatterns: ['/dist', '/test', '/examples', '/contracts', '.aegir.js', 'aegir.config.js', '.absent'],
    developmentIgnorePatterns: ['/dist', '/src', '/protocols', '/examples', '/contracts', '.absent']
  }
}
