import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureTopics, type KafkaLogConfig } from '@lethe/event-log';
import { type KafkaServer, startKafka } from '@lethe/test-servers';
import { repositoryRoot } from '../../start-lethe.js';
import { waitFor } from '../../wait-for.js';
import { readCheckpoint } from '../checker/note.js';
import { appendAll } from '../hardship/append-all.js';
import { type AppendClient, connectAppend } from '../world/append-client.js';
import { type AuditWorld, startAuditWorld } from '../world/audit-world.js';
import { debianTool } from '../world/debian-tools.js';
import { type SampleEvent, sampleEvent } from '../world/sample-events.js';
import { consumerFiles, kcatRecipes } from './recipes.js';

const started = await startKafka();
const kafka: KafkaServer | undefined = 'unavailable' in started ? undefined : started;
const kcat = kafka && debianTool('kcat');
const jq = kafka && debianTool('jq');

describe('the consumers of the page, on a real Kafka', () => {
  const brokers = kafka?.brokers.join(',') ?? '';
  let world: AuditWorld;
  let client: AppendClient;
  let events: readonly SampleEvent[] = [];
  let folder: string;

  /** What a command printed, once it ended or has printed so many lines. */
  const linesOf = async (
    command: string,
    enough = Number.POSITIVE_INFINITY,
    then?: () => Promise<unknown>,
  ) => {
    const child = spawn('bash', ['-c', command], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env.PATH, BROKERS: brokers },
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const lines = (): string[] => out.split('\n').slice(0, -1);
    const ended = once(child, 'close');
    const kill = (): void => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    try {
      await then?.();
      await waitFor(() => lines().length >= enough || child.exitCode !== null, 40_000, 50);
    } finally {
      kill();
      await ended;
    }
    return lines();
  };
  const recipe = (title: RegExp): string => {
    const found = kcatRecipes().find((each) => title.test(each.title));
    if (found === undefined) throw new Error(`the page has no command for ${title}`);
    return found.text;
  };
  const bodies = (): string[] => events.map(({ body }) => body.toString());

  beforeAll(async () => {
    if (kafka === undefined) return;
    await mkdir(join(repositoryRoot, '.cache'), { recursive: true });
    // Below the repository, where a consumer finds its package.
    folder = await mkdtemp(join(repositoryRoot, '.cache', 'siem-'));
    const auditLog: KafkaLogConfig = { kind: 'kafka', brokers: kafka.brokers, clientId: 'audit' };
    [world] = await Promise.all([startAuditWorld(), ensureTopics(auditLog, { replicationFactor: 1 })]);
    const replica = await world.start({ auditLog });
    client = connectAppend(replica.grpc, world.callerCredential);
    events = Array.from({ length: 20 }, (_, n) => sampleEvent(world.identities.orgIds[n % 2]));
    await appendAll(client, events);
  }, 120_000);
  afterAll(async () => {
    client?.close();
    await world?.stop();
    await kafka?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('are all tried here', () => {
    expect(kcatRecipes().map(({ title }) => title)).toHaveLength(7);
  });

  (kcat === undefined || jq === undefined ? describe.skip : describe)('kcat', () => {
    it('everything from the beginning: each event once, byte for byte, in order', async () => {
      // The publisher works beside the answers.
      const lines = await waitFor(
        async () => {
          const read = await linesOf(recipe(/^Everything from the beginning/));
          return read.length >= events.length && read;
        },
        60_000,
        200,
      );
      expect(lines).toEqual(bodies());
    }, 90_000);

    it('the last hour', async () => {
      expect(await linesOf(recipe(/^The last hour/))).toEqual(bodies());
    }, 60_000);

    it('where each record lies', async () => {
      const lines = await linesOf(recipe(/^Where each record lies/));
      expect(lines).toHaveLength(events.length);
      for (const [at, line] of lines.entries()) {
        const { orgId, body } = events[at] as SampleEvent;
        expect(line).toContain(
          ` 0/${at} ${orgId} content-type=application/cloudevents+json ${body.length} bytes`,
        );
      }
    }, 60_000);

    it('only refused attempts and alarms: none here', async () => {
      expect(await linesOf(recipe(/^Only refused/))).toEqual([]);
      expect(await linesOf(recipe(/^Only refused/).replace('.data.severity_id >= 4', 'true'))).toHaveLength(
        events.length,
      );
    }, 60_000);

    it('as a member of a group', async () => {
      expect(await linesOf(recipe(/^As a member of a group/), events.length)).toEqual(bodies());
    }, 60_000);

    it('what comes from now on', async () => {
      const next = sampleEvent(world.identities.orgIds[0]);
      const lines = await linesOf(recipe(/^What comes from now on/), 1, async () => {
        // Until kcat has found the end there is no now: events are sent until it shows one.
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        events = [...events, next];
        await appendAll(client, [next]);
      });
      expect(lines[0]).toMatch(
        /\tai\.lethe\.audit\.apikey\.updated\.v1\tapi_key\/[0-9a-f-]{36}\t[0-9a-f-]{36}\t1$/,
      );
    }, 60_000);

    it('the newest checkpoint, as a file that verifies', async () => {
      const note = await waitFor(
        async () => {
          await linesOf(recipe(/^The newest checkpoint/));
          const text = await readFile(join(folder, 'newest.checkpoint'), 'utf8');
          const head = readCheckpoint(text, { origin: world.origin, publicKey: world.publicKey });
          return head?.size === events.length && text;
        },
        30_000,
        200,
      );
      expect(note.startsWith(world.origin)).toBe(true);
    }, 60_000);
  });

  (kafka === undefined ? it.skip : it)(
    'a consumer of one’s own',
    async () => {
      const { mapping, consumer } = consumerFiles();
      await Promise.all([
        writeFile(join(folder, 'to-ecs.mjs'), mapping),
        writeFile(join(folder, 'consumer.mjs'), consumer),
      ]);
      const lines = await linesOf(`exec '${process.execPath}' consumer.mjs`, events.length);
      const documents = lines.map(
        (line) => JSON.parse(line) as { event: object; organization: { id: string } },
      );
      expect(documents.map(({ organization }) => organization.id)).toEqual(events.map(({ orgId }) => orgId));
      expect(documents[0]?.event).toMatchObject({
        action: 'apikey.updated',
        outcome: 'success',
        category: ['iam'],
      });
    },
    90_000,
  );
});
