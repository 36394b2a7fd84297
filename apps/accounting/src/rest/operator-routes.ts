import { z } from '@hono/zod-openapi';
import { LetheError } from '@lethe/service-kit';
import type { Context } from 'hono';
import type { ConsumerState } from '../consume/topic-consumer.js';
import type { IngestStore } from '../store/ingest-store.js';
import type { Access } from './access.js';
import { documentedGet, type RestApp, refusals } from './documented.js';

const count = z.number().int().nonnegative();

const ingestSchema = z
  .strictObject({
    topics: z.array(
      z.strictObject({
        topic: z.string(),
        working: z.boolean(),
        lag_records: count.nullable(),
        last_batch_age_ms: count.nullable(),
        next_offsets: z.array(z.strictObject({ partition: count, next_offset: z.string() })),
      }),
    ),
    rejects: z.array(z.strictObject({ topic: z.string(), code: z.string(), records: count })),
    tripwires: z.array(z.strictObject({ code: z.string(), records: count })),
  })
  .openapi('Ingest');

export interface OperatorDeps {
  readonly authenticate: (c: Context) => Promise<Access>;
  readonly ingest: IngestStore;
  readonly consumers: () => readonly ConsumerState[];
}

/** GET /v1/operator/ingest: how ingestion is doing, for the operator alone. */
export const addOperatorRoutes = (app: RestApp, deps: OperatorDeps): void => {
  documentedGet(
    app,
    {
      path: '/v1/operator/ingest',
      summary: 'Lag, rejects and tripwires of ingestion',
      responses: {
        200: { description: 'Ingestion.', content: { 'application/json': { schema: ingestSchema } } },
        ...refusals,
      },
    },
    async (c) => {
      const { principal } = await deps.authenticate(c);
      if (principal.role !== 'operator') throw new LetheError('caller.forbidden');
      const { offsets, rejects, tripwires } = await deps.ingest.summary();
      const nowMs = Date.now();
      return c.json({
        topics: deps.consumers().map((state) => ({
          topic: state.topic,
          working: state.working,
          lag_records: state.lagRecords ?? null,
          last_batch_age_ms:
            state.lastBatchAtMs === undefined ? null : Math.max(0, nowMs - state.lastBatchAtMs),
          next_offsets: offsets
            .filter((offset) => offset.topic === state.topic)
            .map((offset) => ({ partition: offset.partition, next_offset: offset.nextOffset.toString() })),
        })),
        rejects: rejects.map(({ topic, code, records }) => ({ topic, code, records })),
        tripwires: tripwires.map(({ code, records }) => ({ code, records })),
      } satisfies z.infer<typeof ingestSchema>);
    },
  );
};
