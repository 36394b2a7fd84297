import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeAuditEvent, newUuidV7, uuidBytes } from '@lethe/contracts';
import { waitFor } from '../../wait-for.js';
import { fetchCheckpoint } from '../checker/read-log.js';
import { connectAppend } from '../world/append-client.js';
import type { AuditWorld } from '../world/audit-world.js';
import { runCli } from '../world/run-program.js';
import { sampleEvent } from '../world/sample-events.js';
import type { TestWitness } from '../world/test-witness.js';
import { type Answers, readAnswers } from './answers.js';
import { asAttacker } from './as-attacker.js';

/** More than one tile of leaves, and no power of two. */
export const BASE_EVENTS = 300;
const TOGETHER = 12;

export interface BaseLog {
  readonly database: string;
  readonly anchorsFolder: string;
  readonly keptFolder: string;
  readonly answers: Answers;
}

const zdrEnabled = (orgId: string, eventId = newUuidV7()) => ({
  eventId: uuidBytes(eventId),
  orgId: uuidBytes(orgId as ReturnType<typeof newUuidV7>),
  event: encodeAuditEvent({
    eventId,
    type: 'zdr.enabled',
    source: 'admin-config',
    timeMs: Date.now(),
    orgId: orgId as ReturnType<typeof newUuidV7>,
    actor: { kind: 'admin', id: newUuidV7() },
    target: { kind: 'organization', id: orgId },
    outcome: 'success',
    before: { zdr: false },
    after: { zdr: true },
  }),
});

/** A log of 300 events of two organizations, cosigned by a witness, and what somebody kept who watched it. */
export const makeBaseLog = async (world: AuditWorld, witness: TestWitness): Promise<BaseLog> => {
  const replica = await world.start({
    launch: { witnesses: [{ url: witness.url, verifierKey: witness.verifierKey }] },
  });
  const client = connectAppend(replica.grpc, world.callerCredential);
  const { orgIds, operatorToken } = world.identities;
  await client.append(zdrEnabled(orgIds[0]));
  const events = Array.from({ length: BASE_EVENTS - 1 }, (_, n) => sampleEvent(orgIds[n % 2]));
  for (let first = 0; first < events.length; first += TOGETHER)
    await Promise.all(events.slice(first, first + TOGETHER).map(({ request }) => client.append(request)));
  client.close();
  await waitFor(
    async () => (await fetchCheckpoint(replica.rest)).includes('witness.lethe.test/w'),
    10_000,
    50,
  );
  await waitFor(
    async () => {
      const [state] = await world.databases.as(
        'audit',
        (sql) => sql<{ done: boolean }[]>`
        select next_idx = ${BASE_EVENTS} and checkpoint_size = ${BASE_EVENTS} as done from audit.publish_state`,
      );
      return state?.done === true;
    },
    10_000,
    50,
  );

  const middle = (
    await world.databases.as(
      'audit',
      (sql) => sql<{ body: Buffer }[]>`
        select e.body from audit.event e join audit.leaf l using (event_id) where l.idx = ${BASE_EVENTS / 2}`,
    )
  )[0]?.body;
  const event = JSON.parse(middle?.toString() ?? '') as {
    id: string;
    subject: string;
    time: string;
    data: { actor: { user: { uid: string } } };
  };
  const answers = await readAnswers(world, replica, {
    type: 'apikey.updated',
    actor: event.data.actor.user.uid,
    target: event.subject,
    outcome: 'success',
    from: event.time,
    to: new Date(Date.parse(event.time) + 1).toISOString(),
    id: event.id,
  });
  const keptFolder = join(world.folder, 'kept');
  await mkdir(keptFolder);
  const watched = await runCli(
    ['audit', 'watch', '--once', '--keep', keptFolder, '--url', replica.rest, '--key', world.verifierKey],
    { LETHE_OPERATOR_TOKEN: operatorToken },
  );
  if (watched.code !== 0)
    throw new Error(`lethe audit watch ended with ${watched.code}: ${watched.out}${watched.err}`);
  await replica.stop();
  // How many the witness came to see on the way is chance: the newest it is sure to have seen.
  await world.databases.as('audit', (sql) =>
    asAttacker(sql, async () => {
      await sql`delete from audit.cosignature where size < ${BASE_EVENTS}`;
    }),
  );
  const anchorsFolder = join(world.folder, 'base-anchors');
  await cp(world.anchorsFolder, anchorsFolder, { recursive: true });
  return { database: 'audit', anchorsFolder, keptFolder, answers };
};
