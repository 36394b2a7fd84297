export { scannerEngine } from './engine.js';
export { JsonScanner } from './json-scanner.js';
export { type KnownNames, knownNames } from './top-level-fields.js';
export type { JsonKind, ScanLimits, TopLevelField, TopLevelScan } from './types.js';
export { compilePaths, type Watch } from './watch/compile-paths.js';
export { findPaths, type WatchedField } from './watch/find-paths.js';
export type { PathHit } from './watch/hits.js';
