import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { type audit, isUuid, uuidBytes, uuidText } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import type { Anchors } from '../anchor/anchors.js';
import type { Intake } from '../log/intake.js';
import type { LogReader } from '../log/log-reader.js';
import type { AuditMetrics } from '../metrics.js';
import { type Answer, createAnswerAppend, failedAt, toMessage } from './answer-append.js';
import { serveAppendStream } from './append-stream.js';
import type { Refused } from './refusals.js';

interface ServiceOptions {
  readonly intake: Intake;
  readonly reader: LogReader;
  readonly anchors: Anchors;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

const notFound: Refused = {
  code: status.NOT_FOUND,
  details: 'the log holds no such event',
  reason: 'not_found',
};

/** The one intake of audit, and what other services ask of it. Answers hold only what the anchors hold. */
export const createAuditService = ({
  intake,
  reader,
  anchors,
  metrics,
  log,
}: ServiceOptions): audit.AuditServer => {
  const answerAppend = createAnswerAppend({ intake, metrics, log });

  const getProof = async (request: audit.GetProofRequest): Promise<Answer> => {
    const eventId = uuidText(request.eventId);
    if (eventId === undefined || !isUuid(eventId)) return { refused: notFound };
    try {
      const placed = await reader.proofOf(eventId);
      return placed === undefined ? { refused: notFound } : { placed };
    } catch (error) {
      return { refused: failedAt(log, 'proof.failed', error) };
    }
  };

  /** From the anchors alone: they are asked when the database cannot be trusted. */
  const sendTombstones = async (
    call: ServerWritableStream<audit.ListTombstonesRequest, audit.Tombstone>,
  ): Promise<void> => {
    for await (const { orgId, enabledAtMs, eventId, shredHistory } of anchors.tombstones())
      if (!call.cancelled)
        call.write({
          orgId: uuidBytes(orgId),
          enabledAtMs: BigInt(enabledAtMs),
          eventId: uuidBytes(eventId),
          shredHistory,
        });
    call.end();
  };

  return {
    append: (
      call: ServerUnaryCall<audit.AppendRequest, audit.AppendResponse>,
      callback: sendUnaryData<audit.AppendResponse>,
    ) => {
      answerAppend(call.request).then((answer) => {
        if ('placed' in answer) callback(null, toMessage(answer.placed));
        else callback({ code: answer.refused.code, details: answer.refused.details });
      });
    },
    appendStream: (call) => serveAppendStream(call, answerAppend),
    getProof: (
      call: ServerUnaryCall<audit.GetProofRequest, audit.GetProofResponse>,
      callback: sendUnaryData<audit.GetProofResponse>,
    ) => {
      getProof(call.request).then((answer) => {
        if ('placed' in answer) callback(null, toMessage(answer.placed));
        else callback({ code: answer.refused.code, details: answer.refused.details });
      });
    },
    listTombstones: (call) => {
      sendTombstones(call).catch((error: unknown) => {
        log.error('tombstones.failed', error);
        call.emit('error', { code: status.UNAVAILABLE, details: 'the anchor cannot be read' });
      });
    },
  };
};
