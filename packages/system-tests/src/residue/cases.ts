import { once } from 'node:events';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { inParallel } from '../support/figures.js';
import { waitFor } from '../wait-for.js';
import type { Answer, Caller } from './caller.js';
import type { Behaviour, EchoProvider } from './echo-provider.js';
import { models } from './world.js';

export interface CaseWorld {
  readonly caller: Caller;
  readonly provider: EchoProvider;
  /** A prompt of about so many bytes, full of the canary of this case. */
  readonly text: (bytes: number) => string;
}

/** One way for content to pass. */
export interface ResidueCase {
  readonly name: string;
  /** Part of the short form, which CI runs. */
  readonly short: boolean;
  /** Resolves when it is over for the caller; rejects when it did not go as it is named. */
  readonly run: (world: CaseWorld) => Promise<void>;
}

export const kilobyte = 1024;
const sizes = [
  ['1 KB', kilobyte],
  ['20 KB', 20 * kilobyte],
  ['200 KB', 200 * kilobyte],
  ['1 MB', 1024 * kilobyte],
] as const;

export const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`this case needs ${what}`);
};
export const mustBe = ({ status }: Answer, expected: number): void =>
  must(status === expected, `status ${expected}, not ${status}`);

const answered = (behaviour: Behaviour, bytes: number, streaming: boolean, status = 200) => {
  return async ({ caller, provider, text }: CaseWorld): Promise<void> => {
    provider.behaviour = behaviour;
    const content = text(bytes);
    const answer = await caller.ask({ body: [caller.chat(content, streaming ? { stream: true } : {})] });
    mustBe(answer, status);
    if (behaviour === 'echo' || behaviour === 'gzip')
      must(answer.body.length > bytes, 'an answer as long as the prompt');
  };
};

const successes: ResidueCase[] = sizes.flatMap(([size, bytes]) =>
  [false, true].map((streaming) => ({
    name: `${size}${streaming ? ', stream' : ''}`,
    short: true,
    run: answered('echo', bytes, streaming),
  })),
);

const providerFailures: ResidueCase[] = [
  { name: 'provider says 400', short: true, run: answered('error_400', 20 * kilobyte, false, 400) },
  { name: 'provider says 500', short: true, run: answered('error_500', 20 * kilobyte, true, 502) },
  { name: 'error within a stream', short: true, run: answered('error_in_stream', 20 * kilobyte, true) },
  {
    name: 'provider resets at once',
    short: false,
    run: answered('reset_at_once', 20 * kilobyte, false, 502),
  },
  { name: 'provider cuts a stream', short: true, run: answered('reset_halfway', 200 * kilobyte, true) },
  { name: 'provider cuts an answer', short: false, run: answered('reset_halfway', 20 * kilobyte, false) },
  {
    name: 'provider refused',
    short: true,
    run: async ({ caller, text }) =>
      mustBe(await caller.ask({ body: [caller.chat(text(20 * kilobyte), { model: models.refused })] }), 502),
  },
];

/** Requests that no provider ever sees. */
const refused = (
  name: string,
  status: number,
  sent: (world: CaseWorld) => Parameters<Caller['ask']>[0],
  short = true,
): ResidueCase => ({
  name,
  short,
  run: async (world) => mustBe(await world.caller.ask(sent(world)), status),
});

const refusals: ResidueCase[] = [
  refused('no key', 401, ({ caller, text }) => ({
    body: [caller.chat(text(20 * kilobyte))],
    headers: { authorization: 'Bearer nobody' },
  })),
  refused('no such path', 404, ({ caller, text }) => ({
    path: '/v1/nothing',
    body: [caller.chat(text(20 * kilobyte))],
  })),
  refused('bad JSON', 400, ({ text }) => ({ body: [Buffer.from(`{"messages":"${text(20 * kilobyte)}`)] })),
  refused('no such model', 404, ({ caller, text }) => ({
    body: [caller.chat(text(20 * kilobyte), { model: 'openai/none' })],
  })),
  refused(
    'the prompt as the model',
    404,
    ({ text }) => ({ body: [Buffer.from(JSON.stringify({ model: text(2 * kilobyte), messages: [] }))] }),
    false,
  ),
  refused('a body where none is read', 200, ({ caller, text }) => ({
    path: '/v1/models',
    method: 'GET',
    body: [caller.chat(text(20 * kilobyte))],
  })),
  refused('an encoding that is not', 400, ({ text }) => ({
    headers: { 'content-encoding': 'gzip' },
    body: [Buffer.from(text(20 * kilobyte))],
  })),
];

/** The caller goes away while its request is being sent or answered. */
const leaving = (name: string, short: boolean, run: ResidueCase['run']): ResidueCase => ({
  name,
  short,
  run,
});

const uploadCut = (how: 'end' | 'reset'): ResidueCase['run'] => {
  return async ({ caller, text }) => {
    const { socket, below } = await caller.open();
    const body = caller.chat(text(200 * kilobyte));
    socket.write(caller.head({ 'content-length': String(body.length) }));
    await new Promise<void>((resolve) => {
      socket.write(body.subarray(0, body.length / 2), () => setTimeout(resolve, 50));
    });
    if (how === 'end') socket.end();
    else below.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
};

const downloadCut = (streaming: boolean): ResidueCase['run'] => {
  return async ({ caller, provider, text }) => {
    provider.behaviour = 'stall_halfway';
    const asked = caller.begin({ body: [caller.chat(text(200 * kilobyte), { stream: streaming })] });
    asked.end();
    const [incoming] = await once(asked, 'response');
    await once(incoming, 'data');
    await new Promise((resolve) => setTimeout(resolve, 50));
    asked.destroy();
  };
};

const departures: ResidueCase[] = [
  leaving('leaves in the upload, FIN', true, uploadCut('end')),
  leaving('leaves in the upload, RST', true, uploadCut('reset')),
  leaving('16 leave in the upload', true, async (world) => {
    await Promise.all(Array.from({ length: 16 }, () => uploadCut('end')(world)));
  }),
  leaving('leaves in the download', false, downloadCut(false)),
  leaving('leaves in the stream', true, downloadCut(true)),
  leaving('leaves before the answer', true, async ({ caller, provider, text }) => {
    provider.behaviour = 'stall_at_once';
    const before = provider.asked;
    const asked = caller.begin({ body: [caller.chat(text(20 * kilobyte))] });
    asked.end();
    await waitFor(() => provider.asked > before);
    asked.destroy();
  }),
];

/** Reads nothing for a while, so that answers wait in the router. */
const slowReader = (bytes: number, stays: boolean): ResidueCase['run'] => {
  return async ({ caller, provider, text }) => {
    provider.behaviour = 'echo';
    const asked = caller.begin({ body: [caller.chat(text(bytes), { stream: true })] });
    asked.end();
    const [incoming] = await once(asked, 'response');
    await new Promise((resolve) => setTimeout(resolve, 400));
    if (!stays) {
      asked.destroy();
      return;
    }
    let received = 0;
    for await (const chunk of incoming) received += (chunk as Buffer).length;
    must(received > bytes, 'an answer as long as the prompt');
  };
};

const broken = (change: Readonly<Record<string, string>>, body: (text: string) => string) => {
  return async ({ caller, text }: CaseWorld): Promise<void> => {
    const { socket } = await caller.open();
    socket.write(caller.head(change) + body(text(20 * kilobyte)));
    socket.resume();
    await once(socket, 'close');
  };
};

const encoded = (name: string, encode: (body: Buffer) => Buffer, status: number): ResidueCase['run'] => {
  return async ({ caller, provider, text }) => {
    provider.behaviour = 'echo';
    const body = [encode(caller.chat(text(200 * kilobyte)))];
    mustBe(await caller.ask({ body, headers: { 'content-encoding': name } }), status);
  };
};

const shapes: ResidueCase[] = [
  { name: 'slow reader', short: true, run: slowReader(1024 * kilobyte, true) },
  { name: 'slow reader of much', short: false, run: slowReader(14 * 1024 * kilobyte, true) },
  { name: 'slow reader that leaves', short: true, run: slowReader(4 * 1024 * kilobyte, false) },
  {
    name: 'chunked upload',
    short: true,
    run: async ({ caller, provider, text }) => {
      provider.behaviour = 'echo';
      const body = caller.chat(text(200 * kilobyte));
      const parts = Array.from({ length: 40 }, (_, at) => body.subarray(at * 6_000, (at + 1) * 6_000));
      mustBe(await caller.ask({ body: parts }), 200);
    },
  },
  {
    name: 'pipelining',
    short: true,
    run: async ({ caller, provider, text }) => {
      provider.behaviour = 'echo';
      const { socket } = await caller.open();
      let received = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        received += chunk;
      });
      const body = caller.chat(text(20 * kilobyte));
      const one = Buffer.concat([Buffer.from(caller.head({ 'content-length': String(body.length) })), body]);
      socket.write(Buffer.concat([one, one, one]));
      await waitFor(() => received.split('"total_tokens"').length === 4, 10_000);
    },
  },
  {
    name: '32 streams at once',
    short: true,
    run: async ({ caller, provider, text }) => {
      provider.behaviour = 'echo';
      const body = [caller.chat(text(20 * kilobyte), { stream: true })];
      const answers = await inParallel(Array.from({ length: 64 }), 32, () => caller.ask({ body }));
      for (const answer of answers) mustBe(answer, 200);
    },
  },
  {
    name: 'broken chunks',
    short: true,
    run: broken({ 'transfer-encoding': 'chunked' }, (text) => `20\r\n${text}`),
  },
  {
    name: 'more than its length',
    short: true,
    run: broken({ 'content-length': '40', connection: 'close' }, (text) => text),
  },
  { name: 'no HTTP at all', short: true, run: broken({ 'content-length': 'x' }, (text) => text) },
  {
    name: 'gzip of the caller',
    short: true,
    run: encoded('gzip', gzipSync, 200),
  },
  { name: 'gzip of the provider', short: true, run: answered('gzip', 200 * kilobyte, false) },
  { name: 'gzip of the provider, stream', short: true, run: answered('gzip', 200 * kilobyte, true) },
];

const brokenGzip = (body: Buffer): Buffer => {
  const packed = gzipSync(body);
  return packed.fill(1, packed.length - 8);
};

/** What Node's inflaters remember of these only the allocator can overwrite: it is freed as it is. */
export const freedCases: readonly ResidueCase[] = [
  { name: 'brotli of the caller', short: true, run: encoded('br', brotliCompressSync, 200) },
  {
    name: 'gzip that breaks at its end',
    short: true,
    run: encoded('gzip', brokenGzip, 400),
  },
];

/** All other ways that are looked at, each with a canary of its own. */
export const residueCases: readonly ResidueCase[] = [
  ...successes,
  ...providerFailures,
  ...refusals,
  ...departures,
  ...shapes,
];
