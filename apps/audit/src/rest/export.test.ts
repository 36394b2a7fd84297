import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type AuditEventInput, newUuidV7 } from '@lethe/contracts';
import { hashLeaf, verifyCheckpoint, verifyInclusion } from '@lethe/transparency-log';
import type { LogReader } from '../log/log-reader.js';
import { StoreError } from '../store/store-error.js';
import { testOrigin, testSigner } from '../testing/running-log.contract.js';
import { type RestBench, startRestBench } from './rest-bench.contract.js';

jest.setTimeout(120_000);

const EVENTS = 250;
let bench: RestBench;
/** While set, the paths of an export fail from the second read on. */
let failing = false;
let reads = 0;

beforeAll(async () => {
  const withReader = (reader: LogReader): LogReader => ({
    ...reader,
    inclusionPaths: async (indexes, size) => {
      reads += 1;
      if (failing && reads > 1) throw new StoreError('unavailable', '');
      return await reader.inclusionPaths(indexes, size);
    },
  });
  bench = await startRestBench({ withReader });
  const { mine, theirs } = bench;
  for (let i = 0; i < EVENTS; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        bench.log.append({ orgId: (i + at) % 5 === 0 ? theirs : mine, timeMs: 1_795_287_600_000 + i + at }),
      ),
    );
  await bench.log.append({ orgId: mine, type: 'zdr.enabled' });
});
afterAll(() => bench.stop());

interface Line {
  readonly index: number;
  readonly path: readonly string[];
  readonly bytes: Buffer;
  readonly event: { readonly id: string; readonly type: string; readonly partitionkey?: string };
}
interface Export {
  readonly head: { readonly checkpoint: string; readonly origin: string; readonly size: number };
  readonly lines: readonly Line[];
  readonly foot: { readonly events: number };
}

const readLine = (line: string): Line => {
  const bytes = Buffer.from(/"event":(.*),"path":\[/.exec(line)?.[1] ?? '');
  return { ...JSON.parse(line), bytes };
};
const parse = (text: string): Export => {
  const [head = '', ...rest] = text.trimEnd().split('\n');
  return {
    head: JSON.parse(head),
    lines: rest.slice(0, -1).map(readLine),
    foot: JSON.parse(rest.at(-1) ?? ''),
  };
};
const exportAs = async (as: string, query = ''): Promise<Export> => {
  const response = await bench.get(`/v1/audit/export${query}`, as);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const exported = parse(await response.text());
  expect(exported.foot).toEqual({ events: exported.lines.length });
  return exported;
};
const isIncluded = ({ head }: Export, line: Line): boolean => {
  const checkpoint = verifyCheckpoint(head.checkpoint, { logVerifierKey: testSigner.verifierKey });
  if (!checkpoint.ok) return false;
  const { size, root } = checkpoint;
  const path = line.path.map((hash) => Buffer.from(hash, 'base64'));
  return verifyInclusion({ leafHash: hashLeaf(line.bytes), index: line.index, size, path, root }).ok;
};
const newest = async (): Promise<Line['event'] & { readonly data: Record<string, unknown> }> => {
  const { size } = await bench.log.reader.newestCheckpoint();
  const proof = await bench.log.reader.proofOf(size - 1);
  const extra = /^extra (.*)$/m.exec(proof?.proof ?? '')?.[1] ?? '';
  return JSON.parse(Buffer.from(extra, 'base64').toString());
};

describe('an export', () => {
  it('of an organization: its events in order, each proved against the checkpoint', async () => {
    const exported = await exportAs('mine');
    expect(exported.head).toMatchObject({ origin: testOrigin });
    expect(exported.lines.length).toBeGreaterThanOrEqual(EVENTS - EVENTS / 5 + 1);
    const indexes = exported.lines.map(({ index }) => index);
    expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
    for (const line of exported.lines) {
      expect(line.event.partitionkey).toBe(bench.mine);
      expect(isIncluded(exported, line)).toBe(true);
    }
    // Controls: another event's path, and one letter of the event.
    const [first, second] = exported.lines;
    if (first === undefined || second === undefined) throw new Error('too few lines');
    expect(isIncluded(exported, { ...first, path: second.path })).toBe(false);
    const bytes = Buffer.from(first.bytes.toString().replace('success', 'refused').replace('true', 'false'));
    expect(isIncluded(exported, { ...first, bytes })).toBe(false);
  });

  it('of the operator: the whole log', async () => {
    const exported = await exportAs('ops');
    expect(exported.lines.map(({ index }) => index)).toEqual(exported.lines.map((_, index) => index));
    expect(exported.lines).toHaveLength(exported.head.size);
    expect(exported.lines.every((line) => isIncluded(exported, line))).toBe(true);
  });

  it('of another organization has none of these events', async () => {
    const exported = await exportAs('theirs');
    const ids = new Set((await exportAs('mine')).lines.map(({ event }) => event.id));
    expect(exported.lines.length).toBeGreaterThan(0);
    expect(exported.lines.filter(({ event }) => ids.has(event.id))).toEqual([]);
    expect((await exportAs('theirs', '?type=zdr.enabled')).lines).toEqual([]);
  });

  it('is narrowed like the list', async () => {
    const only = async (query: string) => (await exportAs('mine', query)).lines.map(({ index }) => index);
    expect(await only('?type=zdr.enabled')).toEqual([EVENTS]);
    const range = '?from=2026-11-21T19:00:00.001Z&to=2026-11-21T19:00:00.004Z';
    expect(await only(range)).toHaveLength(3);
    expect(await only(`?actor=${newUuidV7()}`)).toEqual([]);
  });

  it.each(['?limit=5', '?cursor=x', '?from=canary', '?canary=1'])(
    'refuses %s, quoting nothing',
    async (query) => {
      const response = await bench.get(`/v1/audit/export${query}`, 'mine');
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain('canary');
    },
  );
});

describe('the event of an export', () => {
  it('is in the log before the first byte, and says by whom and what', async () => {
    const before = (await bench.log.reader.newestCheckpoint()).size;
    const response = await bench.get(
      '/v1/audit/export?type=zdr.enabled&from=2026-11-21T19:00:00Z',
      'auditor',
    );
    expect((await bench.log.reader.newestCheckpoint()).size).toBe(before + 1);
    expect(await newest()).toMatchObject({
      type: 'ai.lethe.audit.audit.exported.v1',
      partitionkey: bench.mine,
      subject: `audit_log/${bench.mine}`,
      data: {
        status_id: 1,
        metadata: { correlation_uid: response.headers.get('x-lethe-request-id') },
        actor: { user: { uid: bench.userId, type: 'auditor' } },
        unmapped: {
          after: { start: '2026-11-21T19:00:00.000Z', size: before, filters: 2 },
          actor_email_digest: 'e'.repeat(43),
        },
      },
    });
    await response.text();
  });

  it('is written for the operator without an organization', async () => {
    await exportAs('ops', '?type=org.created');
    expect(await newest()).toMatchObject({ subject: 'audit_log/deployment', data: { status_id: 1 } });
  });

  it('is written when a member is refused, and not for nobody', async () => {
    const refused = await bench.get('/v1/audit/export', 'member');
    expect(refused.status).toBe(403);
    expect(await newest()).toMatchObject({
      type: 'ai.lethe.audit.audit.exported.v1',
      data: { status_id: 2, severity_id: 2, unmapped: { refusal: 'caller.forbidden' } },
    });
    const { size } = await bench.log.reader.newestCheckpoint();
    for (const as of [undefined, 'someone'])
      expect((await bench.get('/v1/audit/export', as)).status).toBe(401);
    expect((await bench.log.reader.newestCheckpoint()).size).toBe(size);
  });

  it('that cannot be written leaves no export', async () => {
    const over: Partial<AuditEventInput> = {};
    const other = await startRestBench({
      withIntake: () => ({ append: () => Promise.reject(new StoreError('queue_full', '')) }),
    });
    await other.log.append(over);
    const response = await other.get('/v1/audit/export', 'ops');
    expect([response.status, (await response.text()).includes('checkpoint')]).toEqual([503, false]);
    await other.stop();
  });
});

describe('an export that does not end well', () => {
  it('has no last line', async () => {
    [failing, reads] = [true, 0];
    const response = await bench.get('/v1/audit/export', 'ops');
    const reader = response.body?.getReader();
    let text = '';
    await expect(
      (async () => {
        for (;;) {
          const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
          if (done === true) return;
          text += Buffer.from(value ?? []).toString();
        }
      })(),
    ).rejects.toThrow();
    failing = false;
    expect(text).toContain('"checkpoint"');
    expect(text).toContain('"path"');
    expect(text).not.toContain('{"events":');
  });

  it('is read no faster than it is taken', async () => {
    reads = 0;
    const response = await bench.get('/v1/audit/export', 'ops');
    const reader = response.body?.getReader();
    expect(reads).toBe(0);
    await reader?.read();
    await reader?.read();
    expect(reads).toBe(1);
    await reader?.cancel();
    expect(reads).toBe(1);
  });

  it('makes room when it is given up', async () => {
    const open = () => bench.get('/v1/audit/export?type=zdr.enabled', 'ops');
    const taken = await Promise.all([open(), open(), open(), open()]);
    const refused = await open();
    expect(refused.status).toBe(503);
    await Promise.all(taken.map((response) => response.body?.cancel()));
    const again = await open();
    expect(again.status).toBe(200);
    await again.text();
  });
});
