import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';
import { readHistory } from '../chaos/read-history.js';
import { type Acknowledged, complaintsAbout } from '../checker/complaints.js';
import { connectAppend } from '../world/append-client.js';
import { type AuditWorld, startAuditWorld } from '../world/audit-world.js';
import { debianTool } from '../world/debian-tools.js';
import { sampleEvent } from '../world/sample-events.js';
import { appendAll } from './append-all.js';

/** What the clocks of the two replicas are moved by, at the same time. */
const STEPS = [
  ['+0', '-7200'],
  ['-86400', '+0'],
  ['+315360000', '-315360000'],
  ['-315360000', '+60'],
  ['+0', '+0'],
] as const;
const EVENTS_A_STEP = 12;

const fakeClock = (): string | undefined => {
  if (debianTool('faketime') === undefined) return undefined;
  return readdirSync('/usr/lib', { withFileTypes: true })
    .map(({ name }) => join('/usr/lib', name, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
};

const library = fakeClock();
(library === undefined ? describe.skip : describe)('wall clocks that jump', () => {
  let world: AuditWorld;
  let acknowledged: Acknowledged[] = [];
  const files = (): string[] => [0, 1].map((n) => join(world.folder, `clock-${n}`));

  beforeAll(async () => {
    world = await startAuditWorld();
  }, 60_000);
  afterAll(() => world?.stop());

  it('cost no event, no index and no proof', async () => {
    const [firstFile = '', secondFile = ''] = files();
    const clockOf = (file: string): Record<string, string> => ({
      LD_PRELOAD: library as string,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
    await Promise.all([writeFile(firstFile, '+0'), writeFile(secondFile, '+0')]);
    const replicas = await Promise.all([
      world.start({ env: clockOf(firstFile) }),
      world.start({ env: clockOf(secondFile) }),
    ]);
    const clients = replicas.map(({ grpc }) => connectAppend(grpc, world.callerCredential));
    for (const step of STEPS) {
      await Promise.all([writeFile(firstFile, step[0]), writeFile(secondFile, step[1])]);
      // The control: both clocks did jump, as each says in its answers.
      for (const [n, { rest }] of replicas.entries()) {
        const years = new Date(Date.now() + Number(step[n]) * 1_000).getFullYear();
        await waitFor(async () => {
          const { date } = (await http(`${rest}/healthz`)).headers;
          return new Date(date ?? '').getFullYear() === years;
        }, 10_000);
      }
      const both = await Promise.all(
        clients.map((client, n) =>
          appendAll(
            client,
            Array.from({ length: EVENTS_A_STEP / 2 }, () => sampleEvent(world.identities.orgIds[n])),
          ),
        ),
      );
      acknowledged = [...acknowledged, ...both.flat()];
    }
    for (const client of clients) client.close();
    const indexes = acknowledged.map(({ index }) => index).sort((a, b) => a - b);
    expect(indexes).toEqual(Array.from({ length: STEPS.length * EVENTS_A_STEP }, (_, at) => at));
    expect(complaintsAbout(await readHistory(world, replicas[0], acknowledged))).toEqual([]);
  }, 90_000);
});
