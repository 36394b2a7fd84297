export * from './accounts-from-env.js';
export * from './cost.js';
export { satisfiesNoRetention, satisfiesNoTraining } from './data-policy.js';
export { catalogModels } from './models/all.js';
export { catalogProviders, findProvider } from './providers/all.js';
export * from './resolve.js';
export type * from './types.js';
