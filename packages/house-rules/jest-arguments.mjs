import { join } from 'node:path';

export const root = new URL('../..', import.meta.url).pathname;

/** What Node is started with to run one project of the house's jest configuration. */
export const jestArguments = (/** @type {string} */ project) => [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(root, 'node_modules/jest/bin/jest.js'),
  '-c',
  join(root, 'packages/house-rules/jest.config.mjs'),
  '--selectProjects',
  project,
];
