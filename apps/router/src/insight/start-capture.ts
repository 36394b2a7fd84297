import type { RetentionDecision } from '@lethe/zdr-policy';
import type { RequestBody } from '../http/types.js';
import { ResponseCapture } from './capture-response.js';
import { type CapturedExchange, captureExchange } from './captured-exchange.js';

interface CaptureOptions {
  readonly requestId: string;
  readonly decision: RetentionDecision;
  readonly body: RequestBody;
  readonly streaming: boolean;
  readonly responseBytesMax: number;
  readonly fieldBytesMax: number;
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
  return {
    captured: captureExchange(options.body, response, options.streaming, options.fieldBytesMax),
    tap: response.tap,
  };
};
