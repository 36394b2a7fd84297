import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { type audit, isUuid, uuidBytes, uuidText } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import type { Anchors } from '../anchor/anchors.js';
import { readAppendableEvent } from '../append/read-event.js';
import type { Intake } from '../log/intake.js';
import type { LogReader, PlacedProof } from '../log/log-reader.js';
import type { AuditMetrics } from '../metrics.js';
import { failureOf, type Refused, refusalOf } from './refusals.js';

interface ServiceOptions {
  readonly intake: Intake;
  readonly reader: LogReader;
  readonly anchors: Anchors;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

type Answer = { readonly placed: PlacedProof } | { readonly refused: Refused };

const notFound: Refused = {
  code: status.NOT_FOUND,
  details: 'the log holds no such event',
  reason: 'not_found',
};

const toMessage = ({ index, proof, checkpoint }: PlacedProof) => ({
  index: BigInt(index),
  proof,
  checkpoint,
});

/** The one intake of audit, and what other services ask of it. Answers hold only what the anchors hold. */
export const createAuditService = ({
  intake,
  reader,
  anchors,
  metrics,
  log,
}: ServiceOptions): audit.AuditServer => {
  const failed = (event: string, error: unknown): Refused => {
    const refused = failureOf(error);
    if (refused.code === status.UNAVAILABLE) log.error(event, error, { reason: refused.reason });
    return refused;
  };

  const append = async (request: audit.AppendRequest): Promise<Answer> => {
    const read = readAppendableEvent(request);
    if ('refusal' in read) return { refused: refusalOf(read) };
    try {
      return { placed: await intake.append(read.event) };
    } catch (error) {
      return { refused: failed('append.failed', error) };
    }
  };

  const getProof = async (request: audit.GetProofRequest): Promise<Answer> => {
    const eventId = uuidText(request.eventId);
    if (eventId === undefined || !isUuid(eventId)) return { refused: notFound };
    try {
      const placed = await reader.proofOf(eventId);
      return placed === undefined ? { refused: notFound } : { placed };
    } catch (error) {
      return { refused: failed('proof.failed', error) };
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
      append(call.request).then((answer) => {
        if ('placed' in answer) {
          metrics.appended.inc();
          callback(null, toMessage(answer.placed));
        } else {
          const { reason, ...refusal } = answer.refused;
          metrics.refused.inc({ reason });
          callback(refusal);
        }
      });
    },
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
