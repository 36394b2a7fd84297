import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ContainerEngine, startContainerEngine } from '@lethe/test-servers';
import { makeSigner } from '@lethe/transparency-log';
import { seededRandom } from '../../audit/chaos/random.js';
import { printFigures } from '../../support/figures.js';
import { waitFor } from '../../wait-for.js';
import { awaitBilled } from '../billing.js';
import { Deployment } from '../deployment.js';
import { enableZdr, makeOrganization, type Organization, zdrState } from '../organization.js';
import { openClient } from '../published-port.js';
import { complaintsAbout, type History, type Seen } from './check-history.js';
import { befall, planFaults, targetsOf } from './faults.js';
import { startLoad } from './load.js';

jest.setTimeout(2_400_000);

const seed = Number(process.env.LETHE_SEED ?? 7);
const forMs = process.env.LETHE_LONG === '1' ? 600_000 : 90_000;
const requestsPerSecond = 15;
/** From the last fault's end until everything is healthy and answers, without hands. */
const recoveredWithinMs = 180_000;
const billedWithinMs = 120_000;

const engine = await startContainerEngine();
const withEngine = 'unavailable' in engine ? describe.skip : describe;

withEngine(`a deployment whose containers crash, freeze and lose their network, seed ${seed}`, () => {
  const docker = engine as ContainerEngine;
  const faultsDone: string[] = [];
  let deployment: Deployment;
  let open: Organization;
  let closed: Organization;
  let turning: Organization;
  let history: History;
  let recoveredMs = Number.NaN;

  /** A key takes a moment to reach every router. */
  const untilKnown = async ({ logging }: Organization): Promise<void> => {
    const client = await openClient(deployment);
    for (let inARow = 0; inARow < 6; ) {
      const { status } = await client.ask(logging, {
        model: 'sim/echo',
        messages: [{ role: 'user', content: 'known?' }],
      });
      inARow = status === 200 ? inARow + 1 : 0;
      if (status !== 200) await pause(500);
    }
    client.close();
  };

  const areHealthy = async (): Promise<boolean> => {
    const names = (await targetsOf(deployment)).map(({ container }) => container);
    const { code, out } = await docker.docker([
      ...['inspect', '--format', '{{.State.Status}} {{.State.Health.Status}}'],
      ...names,
    ]);
    return code === 0 && names.length > 10 && !/^(?!running healthy$).+$/m.test(out.trim());
  };

  const play = async (): Promise<{ readonly seen: Seen[]; readonly zdrSinceMs: Record<string, number> }> => {
    const zdrSinceMs: Record<string, number> = { [closed.slug]: Date.now() };
    const endLoad = await startLoad(
      deployment,
      [
        { org: open.slug, apiKey: open.quiet },
        { org: open.slug, apiKey: open.logging },
        { org: closed.slug, apiKey: closed.logging },
        { org: turning.slug, apiKey: turning.logging },
      ],
      requestsPerSecond,
    );
    const plan = planFaults(await targetsOf(deployment), forMs, seededRandom(seed));
    let turned: Promise<void> | undefined;
    for (const [n, fault] of plan.entries()) {
      // Amid all that; whoever asks is told to ask again when the answer does not come.
      if (n === Math.floor(plan.length / 3))
        turned = waitFor(() => enableZdr(deployment, turning).catch(() => undefined), 300_000, 1_000).then(
          ({ state }) => {
            if (state === 'effective') zdrSinceMs[turning.slug] = Date.now();
          },
        );
      await befall(docker, deployment, fault);
      faultsDone.push(`${fault.kind} ${fault.container.replace(`${deployment.project}-`, '')}`);
    }
    const healedAtMs = performance.now();
    await waitFor(areHealthy, recoveredWithinMs, 1_000);
    recoveredMs = performance.now() - healedAtMs;
    await turned;
    await pause(5_000);
    return { seen: await endLoad(), zdrSinceMs };
  };

  beforeAll(async () => {
    deployment = new Deployment(docker);
    await deployment.up({ LETHE_BILLING_DURABILITY: 'strict' });
    [open, closed, turning] = [
      await makeOrganization(deployment, 'open'),
      await makeOrganization(deployment, 'closed'),
      await makeOrganization(deployment, 'turning'),
    ];
    for (const org of [open, closed, turning]) await untilKnown(org);
    await enableZdr(deployment, closed);
    const { seen, zdrSinceMs } = await play();
    const billed: History['billed'][number][] = [];
    const zdrStates: Record<string, string> = {};
    for (const { slug, adminToken } of [open, closed, turning]) {
      const ids = seen.filter((one) => one.isComplete && one.org === slug).map(({ requestId }) => requestId);
      const rows = await awaitBilled(deployment, adminToken, ids, billedWithinMs);
      for (const row of rows)
        billed.push({ requestId: row.request_id, org: slug, retention: row.retention_decision });
      zdrStates[slug] = await zdrState(deployment, { slug, adminToken });
    }
    history = { seen, billed, zdrSinceMs, zdrStates };
  });
  afterAll(async () => {
    const completed = history?.seen.filter(({ isComplete }) => isComplete).length;
    printFigures('chaos in containers', {
      seed,
      faults: faultsDone.length,
      asked: history?.seen.length,
      completed,
      billed: history?.billed.length,
      'healthy again after': `${Math.round(recoveredMs)} ms`,
      were: faultsDone.join('; '),
    });
    await deployment?.down();
    await docker.stop();
  });

  it('bills what a client saw completed, exactly once, and keeps nothing under ZDR', () => {
    const completed = history.seen.filter(({ isComplete }) => isComplete).length;
    // It was a deployment under load, and it was hurt.
    expect(completed).toBeGreaterThan(history.seen.length / 4);
    expect(completed).toBeLessThan(history.seen.length);
    expect(Object.keys(history.zdrSinceMs).sort()).toEqual(['closed', 'turning']);
    expect(complaintsAbout(history)).toEqual([]);
  });

  it('the control: a bill that is lost, one that is doubled, an answer that is kept are each found', () => {
    const one = history.seen.find(({ isComplete, org }) => isComplete && org === closed.slug) as Seen;
    const bill = history.billed.find(({ requestId }) => requestId === one.requestId);
    if (bill === undefined) throw new Error('it is billed');
    const without = history.billed.filter((other) => other !== bill);
    expect(complaintsAbout({ ...history, billed: without })).toHaveLength(1);
    expect(complaintsAbout({ ...history, billed: [...history.billed, bill] })).toHaveLength(1);
    expect(
      complaintsAbout({ ...history, billed: [...without, { ...bill, retention: 'payload' }] }),
    ).toHaveLength(1);
    expect(complaintsAbout({ ...history, zdrStates: {} })).toHaveLength(2);
  });

  it('leaves an audit log that verifies, with the ZDR of both in it', async () => {
    const origin = (await deployment.read('operator/audit-origin')).trim();
    const signing = (await deployment.read('audit/signing-seed')).trim();
    const { verifierKey } = makeSigner(origin, Buffer.from(signing, 'hex'));
    const verify = (key: string): Promise<string> =>
      deployment.lethe(['audit', 'verify', '--json', '--key', key]);
    expect(JSON.parse(await verify(verifierKey))).toBeTruthy();
    const other = makeSigner(origin, Buffer.alloc(32, 1)).verifierKey;
    await expect(verify(other)).rejects.toThrow();
    const events = await deployment.lethe(['topics', 'read', '--once']);
    expect(events.split('zdr.enabled').length - 1).toBeGreaterThanOrEqual(2);
  });
});
