export { scannerEngine } from './engine.js';
export { JsonScanner } from './json-scanner.js';
export { type KnownNames, knownNames } from './top-level-fields.js';
export type { JsonKind, ScanLimits, TopLevelField, TopLevelScan } from './types.js';
