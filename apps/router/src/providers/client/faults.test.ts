import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import { FAULT_KINDS, type SimulatedProvider, startSimulatedProvider } from '@lethe/simulated-provider';
import { ResponseMeter } from '../../meter/usage-reader.js';
import { collect, failureOf, splicedBody } from '../../testing/scripted-provider.js';
import type { ProviderClient, UpstreamResponse } from '../types.js';
import { createProviderClient } from './provider-client.js';

let provider: SimulatedProvider;
let client: ProviderClient;
const timer = new CoarseTimer(10);

beforeAll(async () => {
  provider = await startSimulatedProvider();
  const limits = {
    connectMsMax: 5_000,
    headMsMax: 4_000,
    idleMsMax: 3_000,
    answerMsMax: 60_000,
    headBytesMax: 32_768,
  };
  client = createProviderClient({ limits, connectionsPerOriginMax: 8, timer });
});
afterEach(() => provider.reset());
afterAll(async () => {
  client.close();
  await provider.close();
});

const send = (model: string, stream: boolean, from = client): Promise<UpstreamResponse> =>
  from.send(
    {
      origin: `http://127.0.0.1:${provider.port}`,
      path: '/v1/chat/completions',
      credential: new Opaque('sk-sim'),
      authentication: 'bearer',
    },
    splicedBody(
      JSON.stringify({
        model,
        stream,
        ...(stream ? { stream_options: { include_usage: true } } : {}),
        messages: [{ role: 'user', content: 'a canary of a question, long enough for some tokens' }],
      }),
    ),
    stream ? 'text/event-stream' : 'application/json',
    () => undefined,
  );

/** How an answer ended and what the meter read of it. */
const meter = async (model: string, stream: boolean) => {
  const response = await send(model, stream);
  const reader = new ResponseMeter('chat_completions', stream);
  const { end, text } = await collect(response);
  const bytes = Buffer.from(text);
  reader.tap(bytes, 0, bytes.length);
  const { usage, finishReason, streamError, endMarkSeen } = reader.read();
  return {
    status: response.status,
    end,
    hasUsage: usage !== undefined,
    usage,
    finishReason,
    streamError,
    endMarkSeen,
  };
};

const whole = {
  status: 200,
  end: 'complete',
  hasUsage: true,
  finishReason: 'stop',
  streamError: false,
  endMarkSeen: true,
};

describe.each([true, false])('a provider that fails, stream: %s', (stream) => {
  it.each(['gzip', 'two-responses', 'informational', 'slow-head', 'drip', 'wrong-content-type'])(
    'by %s is understood',
    async (fault) => {
      const metered = await meter(`fault-${fault}`, stream);
      expect(metered).toMatchObject(whole);
      const [entry] = provider.ledger();
      expect(metered.usage).toMatchObject({
        tokensInput: entry?.promptTokens,
        tokensOutput: entry?.completionTokens,
      });
      // The next answer is its own, whatever came after the last one.
      expect(await meter('chat', stream)).toMatchObject({
        ...whole,
        usage: { tokensInput: entry?.promptTokens },
      });
    },
  );

  it.each([
    ['400', 400],
    ['401', 401],
    ['403', 403],
    ['429', 429],
    ['500', 500],
    ['529', 529],
    ['redirect', 302],
  ])('by %s is handed over, and not asked again', async (fault, status) => {
    expect((await meter(`fault-${fault}`, stream)).status).toBe(status);
    expect(provider.ledger()).toHaveLength(1);
  });

  it('amid its answer is noticed', async () => {
    expect(await meter('fault-reset-mid-stream', stream)).toMatchObject({ end: 'cut', endMarkSeen: false });
    for (const fault of ['cut', 'long-length', 'truncated-chunk'])
      expect(await meter(`fault-${fault}`, stream)).toMatchObject({ end: 'cut' });
    expect(await meter('fault-cut', stream)).toMatchObject({ endMarkSeen: false });
    expect(await meter('fault-short-length', stream)).toMatchObject({ end: 'complete', endMarkSeen: false });
    expect(await meter('fault-cut-clean', stream)).toMatchObject({ end: 'complete', endMarkSeen: false });
    expect(await meter('fault-no-usage', stream)).toMatchObject({
      ...whole,
      hasUsage: false,
      usage: undefined,
    });
    expect(await meter('fault-mid-stream-error', stream)).toMatchObject({ streamError: true });
    expect(await meter('fault-unknown-finish', stream)).toMatchObject({ ...whole, finishReason: 'other' });
    expect(await meter('fault-bad-json', stream)).toMatchObject({ end: 'complete', endMarkSeen: stream });
  });

  it('before its answer is told apart', async () => {
    expect(await failureOf(send('fault-reset', stream))).toBe('reset sent');
    expect(await failureOf(send('fault-huge-head', stream))).toBe('head_too_large sent');
    expect(await failureOf(send('fault-endless-head', stream))).toBe('head_too_large sent');
    const limits = {
      connectMsMax: 5_000,
      headMsMax: 100,
      idleMsMax: 5_000,
      answerMsMax: 60_000,
      headBytesMax: 32_768,
    };
    const hasty = createProviderClient({ limits, connectionsPerOriginMax: 8, timer });
    expect(await failureOf(send('fault-hang', stream, hasty))).toBe('head_timeout sent');
    hasty.close();
    expect(provider.ledger().map(({ model }) => model)).toEqual([
      'fault-reset',
      'fault-huge-head',
      'fault-endless-head',
      'fault-hang',
    ]);
  });

  it('by never ending is left by an abort', async () => {
    const response = await send('fault-endless', stream);
    let bytes = 0;
    const end = await response.pipe({
      data: (_buffer, start, stop) => {
        bytes += stop - start;
        if (bytes > 2_000) response.abort();
        return 'continue';
      },
    });
    expect(end).toBe('aborted');
    while (provider.ledger()[0]?.aborted !== true) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

it('tries every fault there is', () => {
  const tried =
    'gzip two-responses informational slow-head 400 401 429 500 529 redirect reset-mid-stream cut cut-clean no-usage mid-stream-error unknown-finish bad-json reset huge-head hang endless 403 drip endless-head long-length short-length truncated-chunk wrong-content-type';
  expect([...FAULT_KINDS].sort()).toEqual(tried.split(' ').sort());
});
