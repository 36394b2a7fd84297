// One jest configuration for the whole house. Projects: `unit` runs beside the code, `system` starts the real
// processes and runs one file at a time (npm test runs both); `compose` and `chaos` need a container
// engine and are called by name.
const common = {
  rootDir: new URL('../..', import.meta.url).pathname,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['development', 'node'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2022',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['/dist/', '/.stryker-tmp/', '/.cache/'],
};

export default {
  rootDir: common.rootDir,
  maxWorkers: 2,
  testTimeout: 30_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,packages}/*/src/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/packages/system-tests/', '/dist/'],
    },
    {
      ...common,
      displayName: 'system',
      testMatch: ['<rootDir>/packages/system-tests/src/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/packages/system-tests/src/compose/'],
    },
    {
      ...common,
      displayName: 'compose',
      testMatch: ['<rootDir>/packages/system-tests/src/compose/*.test.ts'],
    },
    {
      ...common,
      displayName: 'chaos',
      testMatch: ['<rootDir>/packages/system-tests/src/compose/chaos/*.test.ts'],
    },
  ],
};
