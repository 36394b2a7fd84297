import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Lethe, startLethe } from '../../start-lethe.js';
import { awaitBilled, organizationOf } from '../../support/accounting.js';
import { printFigures } from '../../support/figures.js';
import { clearLedger, providerOf } from '../../support/ledger.js';
import {
  type RecordedRequest,
  type RecordingUpstream,
  startRecordingUpstream,
} from '../../support/recording-upstream.js';
import { expectBilledOnce } from '../compare.js';
import type { AgentTask, Exchanged, Json } from './agent.js';
import { betas, runClaudeCode } from './claude-code.js';
import { runCodex, tryWebSocket } from './codex.js';

const ORGANIZATIONS = ['open-demo', 'zdr-demo'] as const;
/** The account that stands behind the recorder; the launcher's own has no region. */
const REGION = '@eu';
/** Codex waits far longer than this for whatever is not refused with 426. */
const UPGRADE_MS_MAX = 5_000;
/** All that a provider gets to see of a head. */
const HEADERS_SENT = [
  'accept',
  'accept-encoding',
  'anthropic-beta',
  'anthropic-version',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'host',
  'user-agent',
];

/** The JSON text that is to reach the provider: the same bytes but for the model's name and the fields that ZDR takes out. */
const expectedBody = (sent: string, taken: readonly string[]): string => {
  const fields = Object.entries(JSON.parse(sent) as Json).filter(([name]) => !taken.includes(name));
  const kept = Object.fromEntries(fields);
  return JSON.stringify({ ...kept, model: String(kept.model).replace(/^sim\/|@.*$/g, '') });
};

const headerOf = ({ headers }: RecordedRequest, wanted: string): string[] =>
  headers.filter(([name]) => name === wanted).map(([, value]) => value);

describe('what coding agents send', () => {
  let lethe: Lethe;
  let recorder: RecordingUpstream;
  const figures: Record<string, unknown> = {};

  beforeAll(async () => {
    recorder = await startRecordingUpstream(() => providerOf(lethe.run));
    lethe = await startLethe({
      env: {
        SIM_API_KEY: 'key-of-the-recorder',
        SIM_BASE_URL: `${recorder.url}/v1`,
        SIM_REGION: REGION.slice(1),
      },
    });
  }, 90_000);
  afterAll(async () => {
    await lethe?.stop();
    await recorder?.close();
    printFigures('agents', figures);
  });

  const taskOf = (slug: string): AgentTask => {
    const { keys } = organizationOf(lethe.run, slug);
    return { router: lethe.run.router, apiKey: (keys.quiet ?? keys.default) as string, region: REGION };
  };

  /** What reached the provider is what was sent, but for what is taken out; nothing of the caller's head goes along. */
  const expectPassedOn = (
    slug: string,
    exchanged: readonly Exchanged[],
    taken: readonly string[],
  ): RecordedRequest[] => {
    const recorded = recorder.take();
    expect(recorded.map(({ body }) => body.toString())).toEqual(
      exchanged.map(({ sent }) => expectedBody(sent, taken)),
    );
    const { apiKey } = taskOf(slug);
    for (const { method, headers } of recorded) {
      expect(method).toBe('POST');
      expect(headers.map(([name]) => name).filter((name) => !HEADERS_SENT.includes(name))).toEqual([]);
      expect(headers).toContainEqual(['authorization', 'Bearer key-of-the-recorder']);
      expect(headers.filter(([, value]) => value.includes(apiKey) || /codex|claude-cli/.test(value))).toEqual(
        [],
      );
    }
    return recorded;
  };

  const expectBilled = async (slug: string, from: Date, exchanged: readonly Exchanged[]): Promise<string> => {
    const { adminToken } = organizationOf(lethe.run, slug);
    const served = exchanged.map((done) => done.served);
    const sums = await expectBilledOnce({ run: lethe.run, token: adminToken, from }, served);
    return `${sums.requests} requests, ${sums.tokensInput}+${sums.tokensOutput} tokens, all as in the ledger`;
  };

  const begin = async (): Promise<Date> => {
    await clearLedger(lethe.run);
    recorder.take();
    return new Date();
  };

  describe.each(ORGANIZATIONS)('%s', (slug) => {
    const zdr = slug === 'zdr-demo';

    it('Codex: a WebSocket is refused at once', async () => {
      const from = await begin();
      const upgrade = await tryWebSocket(taskOf(slug));
      expect(upgrade.head).toMatch(/^HTTP\/1\.1 426 /);
      expect(upgrade.head.toLowerCase()).toContain('connection: close');
      expect(JSON.parse(upgrade.body)).toMatchObject({ error: { code: 'upgrade_refused' } });
      expect(upgrade.tookMs).toBeLessThan(UPGRADE_MS_MAX);
      expect(recorder.take()).toEqual([]);
      const { adminToken } = organizationOf(lethe.run, slug);
      const rows = await awaitBilled(lethe.run, adminToken, { from, count: 1 });
      expect(rows.map(({ endpoint, outcome, status_code }) => [endpoint, outcome, status_code])).toEqual([
        ['other', 'refused', 426],
      ]);
    });

    it('Codex: over HTTP it works its turns off', async () => {
      const from = await begin();
      const exchanged = await runCodex(taskOf(slug));
      expect(exchanged.map(({ served }) => served.finishReason)).toEqual([
        'completed',
        'function_call',
        'completed',
        'function_call',
        'completed',
      ]);
      const recorded = expectPassedOn(slug, exchanged, zdr ? ['client_metadata'] : []);
      expect(recorded.map(({ url }) => url)).toEqual(exchanged.map(() => '/v1/responses'));
      for (const { body } of recorded) {
        const { store, include } = JSON.parse(body.toString()) as Json;
        expect([store, include]).toEqual([false, ['reasoning.encrypted_content']]);
      }
      for (const { answer } of exchanged)
        expect(answer.headers['x-lethe-dropped']).toBe(zdr ? 'client_metadata' : undefined);
      figures[`Codex ${slug}`] = await expectBilled(slug, from, exchanged);
    }, 60_000);

    it.each(['x-api-key', 'bearer'])(
      'Claude Code with %s: probes, counts and turns',
      async (credential) => {
        const from = await begin();
        const { exchanged, probes } = await runClaudeCode(taskOf(slug), credential === 'bearer');
        expect([probes.head.status, probes.head.body.length]).toEqual([404, 0]);
        expect(probes.models.status).toBe(200);
        const { data } = JSON.parse(probes.models.body.toString()) as { data: { id: string }[] };
        expect(data.map(({ id }) => id)).toContain('sim/tools');

        expect(exchanged.map(({ served }) => [served.endpoint, served.finishReason])).toEqual([
          ['messages', 'max_tokens'],
          ['count_tokens', ''],
          ['messages', 'end_turn'],
          ['count_tokens', ''],
          ['messages', 'tool_use'],
          ['messages', 'end_turn'],
        ]);
        const recorded = expectPassedOn(slug, exchanged, zdr ? ['metadata'] : []);
        const asked = zdr ? betas.harmless : [...betas.harmless, betas.keeping];
        for (const request of recorded) {
          expect(headerOf(request, 'anthropic-version')).toEqual(['2023-06-01']);
          expect(headerOf(request, 'anthropic-beta')).toEqual([asked.join(',')]);
          expect(headerOf(request, 'x-api-key')).toEqual([]);
        }
        for (const { answer, served } of exchanged) {
          const dropped = served.endpoint === 'messages' ? 'metadata, anthropic-beta.4' : 'anthropic-beta.4';
          expect(answer.headers['x-lethe-dropped']).toBe(zdr ? dropped : undefined);
        }
        figures[`Claude Code ${slug} ${credential}`] = await expectBilled(slug, from, exchanged);
      },
      60_000,
    );
  });

  it('control: a field that was changed on the way would be seen', async () => {
    await begin();
    const [first] = await runCodex(taskOf('zdr-demo'));
    const [recorded] = recorder.take();
    expect(recorded?.body.toString()).not.toBe(first?.sent);
    expect(recorded?.body.toString()).not.toBe(expectedBody(first?.sent ?? '{}', []));
  });
});
