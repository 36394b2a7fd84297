import type { RetentionDecision } from '@lethe/zdr-policy';
import { ResponseCapture } from './capture-response.js';
import { type CapturedExchange, captureExchange, type ExchangeOptions } from './captured-exchange.js';

interface CaptureOptions extends ExchangeOptions {
  readonly requestId: string;
  readonly decision: RetentionDecision;
  readonly responseBytesMax: number;
}

export interface Capture {
  readonly captured: CapturedExchange;
  readonly tap: ResponseCapture['tap'];
}

/** LAYER 1. Starts capturing under a grant; without one there is nothing to capture into and nothing is copied. */
export const startCapture = (options: CaptureOptions): Capture | undefined => {
  if (options.decision.kind !== 'payload_granted') return undefined;
  const response = ResponseCapture.forGrant(
    options.decision.grant,
    options.requestId,
    options.responseBytesMax,
  );
  if (response === undefined) return undefined;
  return { captured: captureExchange(response, options), tap: response.tap };
};
