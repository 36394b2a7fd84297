export { initialAdminState } from './admin/initial.js';
export { adminStep } from './admin/step.js';
export type {
  AdminEffect,
  AdminEvent,
  AdminState,
  AdminStep,
  BarrierEvidence,
  BarrierWitness,
  CutCode,
  EnableAnswer,
  EnableCall,
  Guard,
  LeaseRow,
} from './admin/types.js';
export type { ClockReading } from './router/clocks.js';
export { gateOpen, mayCapture, mayWrite } from './router/gate.js';
export { initialRouterState } from './router/initial.js';
export { routerStep } from './router/step.js';
export type {
  CaptureSubject,
  NackReason,
  PolicyChange,
  PolicyView,
  RouterEffect,
  RouterEvent,
  RouterState,
  RouterStep,
  WriteEntry,
} from './router/types.js';
export {
  clockRateDriftMax,
  isLeaseTtl,
  type LeaseTiming,
  leaseTiming,
  leaseTtlMsMax,
  leaseTtlMsMin,
} from './timing.js';
