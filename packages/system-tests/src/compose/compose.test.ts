import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canary, Searcher, scanBytes, scanFolder } from '@lethe/leak-prover';
import { type ContainerEngine, startContainerEngine } from '@lethe/test-servers';
import { repositoryRoot } from '../start-lethe.js';
import { billSums, ledgerSums } from '../support/ledger.js';
import { waitFor } from '../wait-for.js';
import { awaitBilled, openedRequest, providerLedger } from './billing.js';
import { Deployment } from './deployment.js';
import { enableZdr, makeOrganization, type Organization } from './organization.js';
import { grpcPairs } from './pairs/grpc-pairs.js';
import { kafkaPairs } from './pairs/kafka-pairs.js';
import { objectStorePairs } from './pairs/object-store-pairs.js';
import { postgresPairs } from './pairs/postgres-pairs.js';
import { tlsPairs } from './pairs/tls-pairs.js';
import { openClient } from './published-port.js';

jest.setTimeout(1_800_000);

// Said loudly where there is none, and refused in CI.
const engine = await startContainerEngine();
const withEngine = 'unavailable' in engine ? describe.skip : describe;
const run = promisify(execFile);

const asked = { quiet: canary('quiet/prompt'), logging: canary('logging/prompt'), zdr: canary('zdr/prompt') };
const planted = canary('control/volume');
const requestsToBill = 40;

withEngine('docker compose up', () => {
  let deployment: Deployment;
  let organization: Organization;

  beforeAll(async () => {
    deployment = new Deployment(engine as ContainerEngine);
    await deployment.up();
    organization = await makeOrganization(deployment, 'acme');
  });
  afterAll(async () => {
    await deployment?.down();
    await (engine as ContainerEngine).stop();
  });

  /** One call of the OpenAI SDK in a process that trusts the deployment's public authority. */
  const chat = async (
    apiKey: string,
    content: string,
    ca = deployment.secret('tools/public-ca.crt'),
  ): Promise<string> => {
    const program = `import OpenAI from 'openai';
      const client = new OpenAI({ baseURL: process.env.URL, apiKey: process.env.KEY, maxRetries: 0 });
      const answer = await client.chat.completions.create({
        model: 'sim/echo', messages: [{ role: 'user', content: process.env.CONTENT }] });
      process.stdout.write(answer.choices[0].message.content);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: join(repositoryRoot, 'packages/system-tests'),
      env: {
        PATH: process.env.PATH ?? '',
        URL: `https://localhost:${deployment.port}/v1`,
        KEY: apiKey,
        CONTENT: content,
        NODE_EXTRA_CA_CERTS: ca,
      },
    });
    return stdout;
  };
  /** A key takes a moment to reach the routers. */
  const answered = (apiKey: string, content: string): Promise<string> =>
    waitFor(() => chat(apiKey, content).catch(() => undefined), 60_000, 500);

  it('answers the OpenAI SDK over TLS, to those who trust its authority', async () => {
    expect(await answered(organization.quiet, asked.quiet.text)).toContain(asked.quiet.text);
    expect(await answered(organization.logging, asked.logging.text)).toContain(asked.logging.text);
    await expect(chat(organization.quiet, 'x', deployment.secret('tools/ca.crt'))).rejects.toThrow();
  });

  it.each(['tools', 'migrate', 'topics'])('finds nothing wrong with itself, asked in %s', async (place) => {
    const { out } = await deployment.compose([
      ...['--profile', '*', 'run', '--rm', '-T', '--no-deps', place, 'doctor', '--json'],
    ]);
    const { findings, looked_at: lookedAt } = JSON.parse(out) as { findings: unknown; looked_at: unknown[] };
    expect(findings).toEqual([]);
    expect(lookedAt.length).toBeGreaterThan(0);
  });

  it('lets ops follow the audit topic', async () => {
    const events = await waitFor(
      async () => {
        const text = await deployment.lethe(['topics', 'read', '--once']);
        return text.includes('organization.created') || text.includes('org.created') ? text : undefined;
      },
      120_000,
      1_000,
    );
    expect(events.trim().split('\n').length).toBeGreaterThan(3);
  });

  it('keeps the body of a key that logs in the object store, for accounting to give out', async () => {
    const client = await openClient(deployment);
    const body = JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'kept' }] });
    const asked = await client.ask(organization.logging, body);
    client.close();
    expect(asked).toMatchObject({ status: 200, retention: 'payload' });
    const kept = await waitFor(
      async () => {
        const read = await openedRequest(deployment, organization.adminToken, asked.requestId);
        return read?.raw !== undefined && read;
      },
      60_000,
      1_000,
    );
    expect(kept.raw).toBe(body);
    expect(kept.opened.payload?.messages).toHaveLength(1);
  });

  it('bills what the provider served, once each, to the same sums', async () => {
    const token = organization.adminToken;
    const client = await openClient(deployment, 8);
    const asked = await Promise.all(
      Array.from({ length: requestsToBill }, (_, n) =>
        client.ask(organization.quiet, {
          ...{ model: 'sim/echo', stream: n % 2 === 1 },
          messages: [{ role: 'user', content: `bill ${'x'.repeat(n)}` }],
        }),
      ),
    );
    client.close();
    expect(asked.filter(({ status, body }) => status !== 200 || body === undefined)).toEqual([]);
    const ids = asked.map(({ requestId }) => requestId);
    const rows = await awaitBilled(deployment, token, ids, 60_000);
    const billed = rows.map(({ request_id }) => request_id);
    expect(ids.filter((id) => billed.filter((other) => other === id).length !== 1)).toEqual([]);
    // The provider served this organization only: all that was ever asked is in both books.
    expect(billSums(rows)).toEqual(ledgerSums(await providerLedger(deployment)));
  });

  it('enables ZDR, effective on every router', async () => {
    expect(await enableZdr(deployment, organization)).toMatchObject({ state: 'effective' });
    expect(await answered(organization.logging, asked.zdr.text)).toContain(asked.zdr.text);
  });

  // What each is told, with its own name for the refusal: a broker that is away, or a slip of ours, is no refusal.
  it.each([
    ['Kafka: each principal its topics and groups', kafkaPairs],
    ['gRPC: each service its methods, by its own certificate and credential', grpcPairs],
    ['TLS: at each port those with a certificate of ours, and nobody in plain text', tlsPairs],
    ['Postgres: each role its own database', postgresPairs],
    ['S3: each service what it does with objects', objectStorePairs],
  ])('lets in whom it should and nobody else: %s', async (_, pairs) => {
    const { expected, told } = await pairs(deployment);
    expect(told).toEqual(expected);
    expect(new Set(expected.map((line) => line.slice(line.lastIndexOf(':')))).size).toBeGreaterThan(1);
  });

  it('keeps nothing of what was said in any volume, log or topic', async () => {
    const searcher = new Searcher([...Object.values(asked), planted]);
    // What was only in memory is written when a server ends; and nothing comes or goes while it is read.
    await deployment.stop();
    const volumes = await deployment.volumes();
    expect(volumes.length).toBeGreaterThanOrEqual(4);
    expect(volumes.flatMap((folder) => scanFolder(searcher, folder).findings)).toEqual([]);
    for (const container of await deployment.containers())
      expect(scanBytes(searcher, container, Buffer.from(await deployment.logs(container)))).toEqual([]);
    // The control: the same search finds what does lie there.
    const [volume = ''] = volumes;
    const file = join(volume, 'control');
    await writeFile(file, planted.text);
    expect(scanFolder(searcher, volume).findings).not.toEqual([]);
    await rm(file);
  });
});
