import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  type AuditEventInput,
  type ErrorCode,
  encodeAuditEvent,
  newUuidV7,
  type SettingValues,
  type Uuid,
  uuidBytes,
} from '@lethe/contracts';
import { type IdentityClient, LetheError, type Logger, sourceAddress } from '@lethe/service-kit';
import type { BlankEnv } from 'hono/types';
import { readAppendableEvent } from '../append/read-event.js';
import type { Intake } from '../log/intake.js';
import type { EventFilter } from '../store/read-events.js';
import { filterOf } from './event-filter.js';
import { type ExportSource, exportLines } from './export-lines.js';
import { fromStore } from './from-store.js';
import { lineStream } from './line-stream.js';
import type { Access, AccessOf } from './reader.js';
import { exportQuery, exportRoute } from './routes.js';
import { wrongParameter } from './wrong-parameter.js';

export interface ExportOptions extends ExportSource {
  readonly intake: Intake;
  readonly accessOf: AccessOf;
  readonly identity: Pick<IdentityClient, 'authenticate'>;
  readonly log: Logger;
}

const EXPORTS_MAX = 4;
const EXPORT_MS_MAX = 3_600_000;

/** One entry of the log about an export: that it is made, or that it was refused. */
const exportedEvent = (
  { correlationId, ...access }: Access & { readonly correlationId: Uuid },
  after: SettingValues,
  refusal?: ErrorCode,
): AuditEventInput => ({
  correlationId,
  eventId: newUuidV7(),
  type: 'audit.exported',
  source: 'audit',
  timeMs: Date.now(),
  orgId: access.orgId,
  actor: access.actor,
  target: { kind: 'audit_log', id: access.orgId ?? 'deployment' },
  outcome: refusal === undefined ? 'success' : 'refused',
  after,
  ...(refusal === undefined ? {} : { refusal }),
  personal: access.personal,
});

const settingsOf = (filter: EventFilter): SettingValues => ({
  ...(filter.from === undefined ? {} : { start: filter.from.toISOString() }),
  ...(filter.to === undefined ? {} : { end: filter.to.toISOString() }),
  filters: Object.values(filter).filter((value) => value !== undefined).length,
});

/** GET /v1/audit/export. Its event is in the log, and anchored, before the first byte leaves. */
export const addExport = (api: OpenAPIHono<BlankEnv>, options: ExportOptions): void => {
  const { intake, accessOf, identity, logReader, log } = options;
  let running = 0;

  const record = async (input: AuditEventInput): Promise<void> => {
    const event = encodeAuditEvent(input);
    const read = readAppendableEvent({
      eventId: uuidBytes(input.eventId),
      orgId: uuidBytes(input.orgId),
      event,
    });
    if (!('event' in read)) throw new LetheError('gateway.internal');
    await fromStore(intake.append(read.event), log);
  };

  api.openAPIRegistry.registerPath(exportRoute);
  api.get(exportRoute.path, async (c) => {
    const known = await accessOf(c);
    const query = exportQuery.safeParse(c.req.query());
    if (!query.success) throw wrongParameter(query.error);
    // The operator is known without admin-config; what names the operator is not, and may stay away with it.
    const personal =
      known.personal ??
      (await identity.authenticate(c.req.header('authorization'), sourceAddress(c)).then(
        (principal) => principal.personal,
        () => undefined,
      ));
    const correlationId = newUuidV7();
    c.header('x-lethe-request-id', correlationId);
    const access = { ...known, personal, correlationId };
    const filter = filterOf(query.data);
    const { reader } = access;
    if (reader === undefined) {
      await record(exportedEvent(access, settingsOf(filter), 'caller.forbidden'));
      throw new LetheError('caller.forbidden');
    }
    if (running >= EXPORTS_MAX) throw new LetheError('gateway.overloaded');
    running += 1;
    const onEnd = (): void => {
      running -= 1;
    };
    try {
      const checkpoint = await fromStore(logReader.newestCheckpoint(), log);
      await record(exportedEvent(access, { ...settingsOf(filter), size: checkpoint.size }));
      const lines = exportLines(options, { reader, filter, checkpoint });
      return c.body(lineStream(lines, { timeMsMax: EXPORT_MS_MAX, log, onEnd }), 200, {
        'content-type': 'application/x-ndjson',
        'content-disposition': 'attachment; filename="audit-log.jsonl"',
        'cache-control': 'no-store',
      });
    } catch (error) {
      onEnd();
      throw error;
    }
  });
};
