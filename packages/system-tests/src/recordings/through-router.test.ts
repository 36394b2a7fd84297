import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findProvider } from '@lethe/model-catalog';
import { type ReplayResponse, startReplayingUpstream } from '@lethe/simulated-provider';
import { type Lethe, startLethe } from '../start-lethe.js';
import { awaitBilled, type BilledRequest, organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { http, requestIdOf } from '../support/http.js';
import { fixturesFolder, tellFixturesAbsent } from './fixtures-folder.js';
import {
  CHAT_FOLDERS,
  type Folder,
  loadRecordings,
  OTHER_FOLDERS,
  type Recording,
} from './load-recordings.js';
import { type RecordedDialect, readExpected } from './recording-codec.js';
import { replayResponse, type Spread } from './replay-recording.js';

/** Which provider's recordings are asked for under which model of the catalogue. */
const MODELS: Readonly<Record<Folder, string>> = {
  'openai-chat': 'openai/gpt-4o-mini',
  'openai-compatible-chat': 'xai/grok-3-mini',
  groq: 'groq/llama-3.3-70b-versatile',
  xai: 'xai/grok-3',
  'deepseek-chat': 'deepseek/deepseek-chat',
  mistral: 'mistral/mistral-small-latest',
  'openai-completion': 'openai/gpt-3.5-turbo-instruct',
  'openai-responses': 'openai/gpt-5-mini',
  // Azure's shapes are OpenAI's own.
  azure: 'openai/gpt-5-mini',
  'xai-responses': 'xai/grok-4',
  anthropic: 'anthropic/claude-sonnet-4-6',
};
const FOLDERS: readonly Folder[] = [...CHAT_FOLDERS, ...OTHER_FOLDERS];
const QUESTION = 'What was recorded?';
const ASKED: Readonly<Record<RecordedDialect, { readonly path: string; readonly body: object }>> = {
  completion: { path: '/v1/chat/completions', body: { messages: [{ role: 'user', content: QUESTION }] } },
  response: { path: '/v1/responses', body: { input: QUESTION } },
  message: {
    path: '/v1/messages',
    body: { max_tokens: 500, messages: [{ role: 'user', content: QUESTION }] },
  },
};
const askedOf = ({ folder, dialect }: Recording): (typeof ASKED)[RecordedDialect] =>
  folder === 'openai-completion' ? { path: '/v1/completions', body: { prompt: QUESTION } } : ASKED[dialect];
const BODY_SPREADS: readonly Spread[] = ['whole', { bytesMax: 700, seed: 1 }];
const STREAM_SPREADS: readonly Spread[] = [
  'whole',
  'by_event',
  { bytesMax: 7, seed: 2 },
  { bytesMax: 400, seed: 3 },
  { bytesMax: 5_000, seed: 4 },
];

const providerOf = (recording: Recording) => {
  const provider = findProvider(MODELS[recording.folder].split('/')[0] as string);
  if (provider === undefined) throw new Error('the catalogue lost a provider');
  return provider;
};

/** What a program gets that did not ask for usage: all but the event that the router asked for in its place. */
const withoutUsageEvent = (recording: Recording): Buffer => {
  const events = recording.bytes.toString('latin1').split('\n\n');
  const kept = events.filter((event) => {
    if (!event.startsWith('data: {')) return true;
    const { choices, usage } = JSON.parse(event.slice('data: '.length)) as {
      choices: unknown[];
      usage?: object;
    };
    return choices.length > 0 || usage === undefined || usage === null;
  });
  return Buffer.from(kept.join('\n\n'), 'latin1');
};

const fixtures = fixturesFolder();
if (fixtures === null) tellFixturesAbsent();
const recordings: readonly Recording[] =
  fixtures === null ? [ownRecording()] : loadRecordings(fixtures, FOLDERS);

/** Without fixtures one recording of our own keeps the way through the router under test. */
function ownRecording(): Recording {
  const text =
    '{"choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}';
  const bytes = Buffer.from(text);
  const expected = readExpected('body', [text]);
  return { name: 'own', folder: 'openai-chat', dialect: 'completion', kind: 'body', bytes, expected };
}

describe('recorded responses of real providers through the router', () => {
  let lethe: Lethe;
  let upstream: Awaited<ReturnType<typeof startReplayingUpstream>>;
  let response: ReplayResponse;
  let key: string;
  let token: string;
  let from: Date;
  const expectedBills = new Map<string, Recording>();

  beforeAll(async () => {
    upstream = await startReplayingUpstream({ respond: () => response });
    const providers = [...new Set(FOLDERS.map((folder) => MODELS[folder].split('/')[0] as string))];
    const env: Record<string, string> = {};
    for (const id of providers) {
      const names = findProvider(id)?.env;
      if (names === undefined) throw new Error('the catalogue lost a provider');
      env[names.apiKey] = 'key-of-the-replaying-upstream';
      env[names.baseUrl] = upstream.url;
    }
    lethe = await startLethe({ env });
    const organization = organizationOf(lethe.run, 'open-demo');
    key = organization.keys.quiet as string;
    token = organization.adminToken;
    from = new Date();
  }, 90_000);
  afterAll(async () => {
    await lethe?.stop();
    await upstream?.close();
    printFigures('recordings', { recordings: recordings.length, responses: expectedBills.size });
  });

  const ask = async (recording: Recording, spread: Spread, fields: object) => {
    response = replayResponse(recording, spread);
    const { path, body } = askedOf(recording);
    const answer = await http(`${lethe.run.router}${path}`, {
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODELS[recording.folder], ...body, ...fields }),
    });
    expectedBills.set(requestIdOf(answer), recording);
    expect([recording.name, answer.status, answer.headers['content-type']]).toEqual([
      recording.name,
      200,
      response.headers['content-type'],
    ]);
    return answer.body;
  };
  const expectBytes = (recording: Recording, spread: Spread, got: Buffer, wanted: Buffer): void => {
    if (!got.equals(wanted)) expect([spread, got.toString()]).toEqual([spread, wanted.toString()]);
    expect([recording.name, got.equals(wanted)]).toEqual([recording.name, true]);
  };

  it.each(
    recordings.filter(({ kind }) => kind === 'body').map((recording) => [recording.name, recording] as const),
  )('%s comes through byte for byte', async (_name, recording) => {
    for (const spread of BODY_SPREADS)
      expectBytes(recording, spread, await ask(recording, spread, {}), recording.bytes);
  });

  const streams = recordings.filter(({ kind }) => kind === 'stream');
  if (streams.length > 0)
    it.each(streams.map((recording) => [recording.name, recording] as const))(
      '%s comes through byte for byte, however it is cut',
      async (_name, recording) => {
        const isCompletion = recording.dialect === 'completion';
        const asksItself = isCompletion && providerOf(recording).accepts.streamUsage === 'on_request';
        for (const spread of STREAM_SPREADS) {
          const asked = { stream: true, ...(isCompletion && { stream_options: { include_usage: true } }) };
          expectBytes(recording, spread, await ask(recording, spread, asked), recording.bytes);
          const wanted = asksItself ? withoutUsageEvent(recording) : recording.bytes;
          expectBytes(recording, spread, await ask(recording, spread, { stream: true }), wanted);
        }
      },
    );

  it('are metered with the usage and the finish reason that they state', async () => {
    const rows = await awaitBilled(lethe.run, token, { from, count: expectedBills.size });
    expect(rows).toHaveLength(expectedBills.size);
    const rowOf = new Map(rows.map((row) => [row.request_id, row]));
    for (const [requestId, { name, kind, folder, expected }] of expectedBills) {
      const row = rowOf.get(requestId) as BilledRequest;
      const { tokensInput, tokensOutput, tokensCached, tokensCacheWrite, tokensReasoning } = expected.usage;
      expect([name, row]).toEqual([
        name,
        expect.objectContaining({
          model_used: MODELS[folder],
          streaming: kind === 'stream',
          outcome: 'success',
          status_code: 200,
          finish_reason: expected.finishReason,
          usage_source: 'provider',
          tokens_input: tokensInput,
          tokens_output: tokensOutput,
          tokens_cached: tokensCached,
          tokens_cache_write: tokensCacheWrite,
          tokens_reasoning: tokensReasoning,
          priced: true,
        }),
      ]);
    }
  });
});
