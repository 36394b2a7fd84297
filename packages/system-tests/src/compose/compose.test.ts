import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canary, Searcher, scanBytes, scanFolder } from '@lethe/leak-prover';
import { type ContainerEngine, startContainerEngine } from '@lethe/test-servers';
import { repositoryRoot } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';
import { Deployment } from './deployment.js';
import { kafkaTry } from './kafka-try.js';

jest.setTimeout(1_800_000);

// Said loudly where there is none, and refused in CI.
const engine = await startContainerEngine();
const withEngine = 'unavailable' in engine ? describe.skip : describe;
const run = promisify(execFile);

const asked = { quiet: canary('quiet/prompt'), logging: canary('logging/prompt'), zdr: canary('zdr/prompt') };
const planted = canary('control/volume');

withEngine('docker compose up', () => {
  let deployment: Deployment;
  let organization: { admin: string; quiet: string; logging: string };

  beforeAll(async () => {
    deployment = new Deployment(engine as ContainerEngine);
    await deployment.up();
    const json = async <T>(args: readonly string[]): Promise<T> =>
      JSON.parse(await deployment.lethe([...args, '--json'])) as T;
    await json(['org', 'create', 'acme']);
    const { user_id: user } = await json<{ user_id: string }>([
      'member',
      'add',
      'acme',
      '--name',
      'Ada',
      '--role',
      'admin',
    ]);
    const key = async (name: string, ...more: string[]): Promise<string> =>
      (await json<{ api_key: string }>(['key', 'create', 'acme', '--owner', user, '--name', name, ...more]))
        .api_key;
    organization = {
      admin: (await json<{ token: string }>(['token', 'create', 'acme', '--user', user])).token,
      quiet: await key('quiet'),
      logging: await key('logging', '--logging'),
    };
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

  it('enables ZDR, effective on every router', async () => {
    const answer = await deployment.lethe(['zdr', 'enable', 'acme', '--confirm', 'acme', '--json'], {
      LETHE_ADMIN_TOKEN: organization.admin,
    });
    expect(JSON.parse(answer)).toMatchObject({ state: 'effective' });
    expect(await answered(organization.logging, asked.zdr.text)).toContain(asked.zdr.text);
  });

  const insights = ['lethe.insight.telemetry.v1', 'lethe.insight.payload.v1'] as const;
  const audits = ['lethe.audit.events.v1', 'lethe.audit.checkpoints.v1'] as const;
  const allowed: Readonly<Record<string, { read: readonly string[]; write: readonly string[] }>> = {
    router: { read: [], write: insights },
    accounting: { read: insights, write: [] },
    audit: { read: audits, write: audits },
    tools: { read: audits, write: [] },
  };
  const groups: Readonly<Record<string, string>> = {
    accounting: 'lethe-accounting-try',
    audit: 'lethe-audit-try',
  };

  const attempt = async (folder: string, action: 'read' | 'write', topic: string): Promise<string> => {
    const { out } = await deployment.compose([
      ...[
        'run',
        '--rm',
        '-T',
        '--no-deps',
        '--entrypoint',
        'node',
        '-e',
        `GROUP=${groups[folder] ?? 'ops-try'}`,
      ],
      ...[
        '-v',
        `${deployment.secret(folder)}:/pair:ro`,
        'tools',
        '--input-type=module',
        '-e',
        kafkaTry(action, topic),
      ],
    ]);
    return out.trim();
  };

  it.each(Object.keys(allowed))('gives %s its rights in Kafka and no others', async (folder) => {
    for (const action of ['read', 'write'] as const) {
      // A record of ours in a topic of the product would be one it cannot read: what may be written is proved above.
      const topics = [...insights, ...audits].filter(
        (topic) => action === 'read' || !allowed[folder]?.write.includes(topic),
      );
      for (const topic of topics) {
        const may = allowed[folder]?.[action].includes(topic) === true;
        expect({ folder, action, topic, is: await attempt(folder, action, topic) }).toEqual({
          folder,
          action,
          topic,
          is: may ? 'done' : expect.not.stringMatching(/^done$/),
        });
      }
    }
  });

  it('keeps nothing of what was said in any volume, log or topic', async () => {
    const searcher = new Searcher([...Object.values(asked), planted]);
    const volumes = await deployment.volumes();
    expect(volumes.length).toBeGreaterThanOrEqual(4);
    const findings = () => volumes.flatMap((folder) => scanFolder(searcher, folder).findings);
    expect(findings()).toEqual([]);
    for (const container of await deployment.containers())
      expect(scanBytes(searcher, container, Buffer.from(await deployment.logs(container)))).toEqual([]);
    // The control: the same search finds what does lie there.
    const file = join(volumes[0] ?? '', 'control');
    await writeFile(file, planted.text);
    expect(findings()).not.toEqual([]);
    await rm(file);
  });
});
