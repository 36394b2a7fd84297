import * as grpc from '@grpc/grpc-js';
import { type audit, uuidText } from '@lethe/contracts';

/** A tombstone of the anchors, as the test's audit tells it. */
export interface TestTombstone {
  readonly orgId: Buffer;
  readonly enabledAtMs: bigint;
  readonly eventId: Buffer;
  readonly shredHistory?: boolean;
}

/** What the test's audit answers. */
export interface AuditPeer {
  /** Status with which it refuses an event for ever, by its text; undefined: it takes it. */
  refuses: (event: string) => grpc.status | undefined;
  /** How many Appends it has had at once. */
  peakInFlight: number;
  inFlight: number;
  /** How long an Append takes, in milliseconds. */
  delayMs: number;
  /** ListTombstones is never answered. */
  hangs: boolean;
  /** Append is answered, but no proof is known. */
  withholdsProofs: boolean;
  /** GetProof and ListTombstones fail with it. */
  failsWith: grpc.status | undefined;
  proofCalls: number;
  readonly tombstones: TestTombstone[];
  /** Ids of the events it holds, in order. */
  readonly events: string[];
}

type Done<T> = (error: { code: grpc.status } | null, response?: T) => void;

export const newAuditPeer = (): AuditPeer => ({
  refuses: () => undefined,
  peakInFlight: 0,
  inFlight: 0,
  delayMs: 0,
  hangs: false,
  withholdsProofs: false,
  failsWith: undefined,
  proofCalls: 0,
  tombstones: [],
  events: [],
});

/** The proof it gives for an event. */
export const proofOf = (eventId: string): string => `c2sp.org/tlog-proof@v1\nindex of ${eventId}\n`;

type Take = (call: { readonly id: string; readonly body: Buffer }, done: Done<audit.AppendResponse>) => void;

const later = (ms: number, run: () => void): void => {
  if (ms === 0) run();
  else setTimeout(run, ms).unref();
};

/** Audit's face: `take` notes an event, or fails. */
export const auditFace = (peer: AuditPeer, take: Take): audit.AuditServer => ({
  append: ({ request }, done) => {
    const refused = peer.refuses(request.event.toString('utf8'));
    peer.inFlight += 1;
    peer.peakInFlight = Math.max(peer.peakInFlight, peer.inFlight);
    later(peer.delayMs, () => {
      peer.inFlight -= 1;
      if (refused !== undefined) done({ code: refused });
      else
        take(
          { id: uuidText(request.eventId) ?? '', body: request.event },
          done as Done<audit.AppendResponse>,
        );
    });
  },
  appendStream: (call) => call.end(),
  getProof: ({ request }, done) => {
    peer.proofCalls += 1;
    const id = uuidText(request.eventId) ?? '';
    const index = peer.events.indexOf(id);
    if (peer.failsWith !== undefined) done({ code: peer.failsWith });
    else if (peer.withholdsProofs || index < 0) done({ code: grpc.status.NOT_FOUND });
    else done(null, { index: BigInt(index), proof: proofOf(id), checkpoint: 'a checkpoint' });
  },
  listTombstones: (call) => {
    if (peer.failsWith !== undefined) {
      call.emit('error', { code: peer.failsWith });
      return;
    }
    for (const tombstone of peer.tombstones) call.write({ shredHistory: false, ...tombstone });
    if (!peer.hangs) call.end();
  },
});
