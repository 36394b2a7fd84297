import { status } from '@grpc/grpc-js';
import type { audit } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import { readAppendableEvent } from '../append/read-event.js';
import type { CallOrder, Intake } from '../log/intake.js';
import type { PlacedProof } from '../log/log-reader.js';
import type { AuditMetrics } from '../metrics.js';
import { failureOf, type Refused, refusalOf } from './refusals.js';

export type Answer = { readonly placed: PlacedProof } | { readonly refused: Refused };

/** Brings one event that was sent into the log; never rejects. */
export type AnswerAppend = (request: audit.AppendRequest, order?: CallOrder) => Promise<Answer>;

interface AnswerOptions {
  readonly intake: Intake;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

/** What went wrong behind a call, and a line about it when it was not the caller's doing. */
export const failedAt = (log: Logger, event: string, error: unknown): Refused => {
  const refused = failureOf(error);
  if (refused.code === status.UNAVAILABLE) log.error(event, error, { reason: refused.reason });
  return refused;
};

/** The way of an event from a call into the log, the same for both methods that take events. */
export const createAnswerAppend = ({ intake, metrics, log }: AnswerOptions): AnswerAppend => {
  const refuse = (refused: Refused): Answer => {
    metrics.refused.inc({ reason: refused.reason });
    return { refused };
  };
  return async (request, order) => {
    const read = readAppendableEvent(request);
    if ('refusal' in read) return refuse(refusalOf(read));
    try {
      const placed = await intake.append(read.event, { withProof: request.withoutProof !== true, order });
      metrics.appended.inc();
      return { placed };
    } catch (error) {
      return refuse(failedAt(log, 'append.failed', error));
    }
  };
};

export const toMessage = ({ index, proof, checkpoint }: PlacedProof) => ({
  index: BigInt(index),
  proof,
  checkpoint,
});
