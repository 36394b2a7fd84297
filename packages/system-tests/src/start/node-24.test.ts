import { readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canary } from '@lethe/leak-prover';
import { type Lethe, spawnLethe, startLethe } from '../start-lethe.js';
import { billedRequests, openRequest } from '../support/accounting.js';
import { chat, http, requestIdOf } from '../support/http.js';
import { findNode24 } from '../support/node-24.js';
import { waitFor } from '../wait-for.js';

jest.setTimeout(180_000);

// Node 24 is what production runs on. The memory of a router under it is searched in residue.test.ts.
const node = findNode24();
const withNode = node === undefined && process.env.CI === undefined ? describe.skip : describe;

withNode('everything under Node 24', () => {
  let lethe: Lethe;
  beforeAll(async () => {
    expect(node).toBeDefined();
    lethe = await startLethe({ node: node ?? '' });
  });
  afterAll(() => lethe?.stop());

  const ask = (key: string | undefined, text: string, stream = false) =>
    chat(lethe.run.router, key ?? '', {
      model: 'sim/echo',
      stream,
      messages: [{ role: 'user', content: text }],
    });
  const openDemo = () => lethe.run.organizations[0];

  it('is what every process of ours runs on', () => {
    const { processes } = lethe.run;
    const pids = [
      lethe.pid,
      ...processes.router,
      processes['admin-config'],
      processes.accounting,
      processes.audit,
    ];
    expect(new Set(pids.map((pid) => readlinkSync(`/proc/${pid}/exe`)))).toEqual(new Set([node]));
  });

  it.each([false, true])(
    'answers and bills, and keeps what a key was allowed to log (stream: %s)',
    async (stream) => {
      const [kept, gone] = [canary('node-24/logging'), canary('node-24/quiet')];
      const [logged, quiet] = [
        await ask(openDemo()?.keys.logging, kept.text, stream),
        await ask(openDemo()?.keys.quiet, gone.text, stream),
      ];
      expect([logged, quiet].map(({ status }) => status)).toEqual([200, 200]);
      expect([logged, quiet].map(({ headers }) => headers['x-lethe-retention'])).toEqual([
        'payload',
        'telemetry',
      ]);
      const token = openDemo()?.adminToken ?? '';
      const opened = await waitFor(async () => {
        const found = await openRequest(lethe.run, token, requestIdOf(logged)).catch(() => undefined);
        return found?.payload !== null && found;
      });
      expect(JSON.stringify(opened.payload)).toContain(kept.text);
      await waitFor(async () =>
        (await billedRequests(lethe.run, token)).some((row) => row.request_id === requestIdOf(quiet)),
      );
      const bare = await openRequest(lethe.run, token, requestIdOf(quiet));
      expect(bare.payload).toBeNull();
    },
  );

  it('enables ZDR, after which the same key keeps nothing, and the log verifies', async () => {
    const { status, body } = await http(`${lethe.run.adminConfig}/v1/manage/org/zdr`, {
      method: 'POST',
      headers: { authorization: `Bearer ${openDemo()?.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ confirm: openDemo()?.slug }),
    });
    expect({ status, body: JSON.parse(body.toString()) }).toMatchObject({
      status: 200,
      body: { state: 'effective', routers: { acknowledged: 1 } },
    });
    const after = await ask(openDemo()?.keys.logging, canary('node-24/zdr').text);
    expect(after.headers['x-lethe-retention']).toBe('telemetry');
    const { child, printed } = spawnLethe(
      ['audit', 'verify'],
      { LETHE_HOME: lethe.home },
      { node: node ?? '' },
    );
    await waitFor(() => child.exitCode !== null);
    expect({ code: child.exitCode, printed }).toMatchObject({ code: 0 });
  });
});
