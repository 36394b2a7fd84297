import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { awkward } from '@lethe/leak-prover';
import { FAULT_KINDS } from '@lethe/simulated-provider';
import { type HttpAnswer, http, requestIdOf } from '../support/http.js';
import { loadedHeaders, loadedOwnFields, loadedRequest } from './loaded-request.js';
import type { Planter } from './manifest.js';

/** Sends one kind of request, with canaries of its own. Resolves to the answer; undefined when none came. */
export interface LeakCase {
  readonly name: string;
  readonly run: (planter: Planter, router: string) => Promise<HttpAnswer | undefined>;
}

/** Faults that keep a client waiting are left after this long, as an impatient program would. */
const PATIENCE_MS = 700;
const ENDLESS_FAULTS: ReadonlySet<string> = new Set(['hang', 'slow-head', 'endless']);

interface Sent {
  readonly body: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly leaveAfterMs?: number;
}

export const post = (planter: Planter, router: string, sent: Sent): Promise<HttpAnswer | undefined> =>
  http(`${router}/v1/chat/completions`, {
    body: sent.body,
    headers: {
      authorization: `Bearer ${planter.profile.key}`,
      'content-type': 'application/json',
      ...sent.headers,
    },
    ...(sent.leaveAfterMs !== undefined && { signal: AbortSignal.timeout(sent.leaveAfterMs) }),
  }).catch(() => undefined);

/** A request with canaries everywhere, which is answered well: for a key that logs its payload is expected back. */
const loaded = (name: string, model: string, fields: object = {}): LeakCase => ({
  name,
  run: async (planter, router) => {
    const { body, headers, payload } = loadedRequest(planter, model, fields);
    const answer = await post(planter, router, { body: JSON.stringify(body), headers });
    if (answer?.status !== 200) throw new Error(`${planter.profile.name}/${name} answered ${answer?.status}`);
    const strict = 'provider' in fields || planter.profile.name !== 'logging';
    planter.expectPayload(requestIdOf(answer), strict ? [] : payload);
    return answer;
  },
});

const fault = (kind: string, streaming: boolean): LeakCase => ({
  name: `fault ${kind}${streaming ? ' streamed' : ''}`,
  run: (planter, router) => {
    const body = JSON.stringify({
      model: `sim/fault-${kind}`,
      stream: streaming,
      messages: [{ role: 'user', content: awkward(planter.at('prompt')) }],
      tools: [
        { type: 'function', function: { name: 'f', description: planter.at('tool description').text } },
      ],
      lethe: { tags: [planter.inTelemetry('tag').text] },
    });
    const headers = { 'user-agent': planter.at('User-Agent').text };
    return post(planter, router, {
      body,
      headers,
      ...(ENDLESS_FAULTS.has(kind) && { leaveAfterMs: PATIENCE_MS }),
    });
  },
});

const aborted = (model: string, streaming: boolean): LeakCase => ({
  name: `aborted${streaming ? ' stream' : ''} of ${model}`,
  run: (planter, router) => {
    const content = `${awkward(planter.at('prompt'))}${' and so on'.repeat(300)}${planter.at('end of the prompt').text}`;
    const body = JSON.stringify({ model, stream: streaming, messages: [{ role: 'user', content }] });
    return post(planter, router, { body, leaveAfterMs: PATIENCE_MS });
  },
});

const compressed = (encoding: string, compress: (bytes: Buffer) => Buffer): LeakCase => ({
  name: `a body in ${encoding}`,
  run: (planter, router) => {
    const messages = [{ role: 'user', content: awkward(planter.at('prompt')) }];
    const plain = Buffer.from(JSON.stringify({ model: 'sim/echo', messages }));
    const body = planter.bytes('compressed body', compress(plain));
    return post(planter, router, { body, headers: { 'content-encoding': encoding } });
  },
});

/** A body that is refused, with canaries where an error text would quote. */
const refused = (name: string, make: (at: (place: string) => string) => string | Buffer): LeakCase => ({
  name,
  run: (planter, router) =>
    post(planter, router, {
      body: make((place) => planter.at(place).text),
      headers: { 'user-agent': planter.at('User-Agent').text, 'x-custom': planter.at('another header').text },
    }),
});

const said = (inner: string): string =>
  `{"model":"sim/echo","messages":[{"role":"user","content":${inner}}]}`;
const chatJson = (fields: object): string =>
  JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'Well?' }], ...fields });

const refusedBodies: readonly LeakCase[] = [
  refused('malformed JSON', (at) => said(at('beside the fault'))),
  refused('malformed JSON, a quote too few', (at) =>
    said(`"${at('before the fault')}" ${at('after the fault')}`),
  ),
  refused('truncated JSON', (at) => said(`"${at('before the end')}`).slice(0, -4)),
  refused('JSON with a bad escape', (at) => said(`"\\x${at('beside the fault')}"`)),
  refused('not UTF-8', (at) =>
    Buffer.concat([Buffer.from(said(`"${at('before')}`)), Buffer.from([0xff, 0xfe])]),
  ),
  refused('a lone surrogate', (at) => said(`"${at('before')}\\ud800"`)),
  refused('a field twice', (at) => `{"model":"${at('first')}","model":"${at('second')}","messages":[]}`),
  refused('too deep', (at) => `{"messages":${'['.repeat(300)}"${at('inside')}"${']'.repeat(300)}}`),
  refused('an unknown model', (at) => chatJson({ model: `sim/${at('model')}` })),
  refused('an unknown provider', (at) => chatJson({ model: `${at('provider')}/gpt` })),
  refused('an unknown region', (at) => chatJson({ model: `sim/echo@${at('region')}` })),
  refused('a model of the wrong type', (at) => chatJson({ model: { name: at('model') } })),
  refused('messages of the wrong type', (at) => chatJson({ messages: at('messages') })),
  refused('stream of the wrong type', (at) => chatJson({ stream: at('stream') })),
  refused('our object of the wrong type', (at) => chatJson({ lethe: at('lethe') })),
  refused('a wish of the wrong type', (at) => chatJson({ lethe: { zdr: at('zdr') } })),
  refused('an unknown wish', (at) => chatJson({ provider: { data_collection: at('wish') } })),
  refused('a field of ours that is no list', (at) =>
    chatJson({ lethe: { tags: at('tags'), extra: at('extra') } }),
  ),
  refused('an unknown field', (at) => chatJson({ [at('name')]: at('value') })),
  refused('messages that the provider refuses', (at) => chatJson({ messages: [at('message')] })),
];

/** All that goes through as a chat completion. */
export const chatCases: readonly LeakCase[] = [
  loaded('echo', 'sim/echo'),
  loaded('echo streamed', 'sim/echo', { stream: true }),
  loaded('every field', 'sim/every-field', { response_format: undefined }),
  loaded('every field streamed', 'sim/every-field', { response_format: undefined, stream: true }),
  loaded('tools', 'sim/tools', { n: 2 }),
  loaded('reasoning streamed', 'sim/reasoning', { stream: true, stream_options: { include_usage: true } }),
  loaded('structured', 'sim/structured', { logprobs: true, top_logprobs: 2 }),
  loaded('asked not to keep', 'sim/echo', { provider: { zdr: true } }),
  loaded('asked not to collect', 'sim/echo', { provider: { data_collection: 'deny' }, stream: true }),
  ...FAULT_KINDS.flatMap((kind) => [fault(kind, false), fault(kind, true)]),
  aborted('sim/echo~20', true),
  aborted('sim/every-field~20', true),
  aborted('sim/fault-slow-head', false),
  compressed('gzip', gzipSync),
  compressed('deflate', deflateSync),
  compressed('br', brotliCompressSync),
  compressed('zstd', gzipSync),
  ...refusedBodies,
  {
    name: 'a request without messages',
    run: (planter, router) =>
      post(planter, router, {
        body: JSON.stringify({
          model: 'sim/echo',
          prompt: planter.at('prompt').text,
          lethe: loadedOwnFields(planter),
        }),
        headers: loadedHeaders(planter),
      }),
  },
];
