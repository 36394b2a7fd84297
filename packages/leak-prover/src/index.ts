export { awkward, type Canary, canary, credentialCanary } from './canary.js';
export { denseCanary, denseText, type MemoryNeedle } from './memory/dense-canary.js';
export { type MemoryHit, type MemoryScan, scanProcessMemory } from './memory/scan-process-memory.js';
export { encodedForms } from './needles.js';
export { type Finding, scanBytes } from './scan.js';
export { type Hit, Searcher } from './searcher.js';
export { asSuperuser, type DatabaseScan, type SuperuserLogin, scanDatabases } from './sinks/databases.js';
export { type FolderScan, filesBelow, scanFolder } from './sinks/files.js';
