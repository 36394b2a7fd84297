export { LEDGER_ENTRIES_MAX, type LedgerEntry } from './ledger.js';
export {
  ANSWER_MODELS,
  type AnswerModel,
  EMBEDDING_MODEL,
  ENDPOINTS,
  type Endpoint,
  FAULT_KINDS,
  type FaultKind,
} from './models.js';
export {
  type ReplayingUpstreamOptions,
  type ReplayRequest,
  type ReplayResponse,
  startReplayingUpstream,
} from './replaying-upstream.js';
export {
  type SimulatedProvider,
  type SimulatedProviderOptions,
  startSimulatedProvider,
} from './simulated-provider.js';
export { countTokens } from './tokens.js';
