import { type CaseWorld, kilobyte, must, mustBe, type ResidueCase } from './cases.js';
import type { Behaviour } from './echo-provider.js';
import { models } from './world.js';

// Every endpoint, with and without Zero Data Retention: each has its own reader of what comes back, and ZDR looks
// below the top level of what is sent.

interface Endpoint {
  readonly path: string;
  readonly streams: boolean;
  body(content: string): object;
}

const messagesOf = (content: string) => ({
  model: models.echoMessages,
  messages: [{ role: 'user', content }],
});

const endpoints: readonly Endpoint[] = [
  {
    path: '/v1/chat/completions',
    streams: true,
    body: (content) => ({ messages: [{ role: 'user', content }], model: models.echo }),
  },
  {
    path: '/v1/completions',
    streams: true,
    body: (prompt) => ({ prompt, model: models.echoCompletions }),
  },
  { path: '/v1/responses', streams: true, body: (input) => ({ input, model: models.echo }) },
  { path: '/v1/embeddings', streams: false, body: (input) => ({ input, model: models.echoEmbeddings }) },
  {
    path: '/v1/messages',
    streams: true,
    body: (content) => ({ ...messagesOf(content), max_tokens: 64 }),
  },
  { path: '/v1/messages/count_tokens', streams: false, body: messagesOf },
];

interface Way {
  readonly name: string;
  readonly streaming: boolean;
  readonly zdr: boolean;
  readonly behaviour: Behaviour;
  readonly status: number;
}

const ways: readonly Way[] = [
  { name: '', streaming: false, zdr: false, behaviour: 'echo', status: 200 },
  { name: ', stream', streaming: true, zdr: false, behaviour: 'echo', status: 200 },
  { name: ' under ZDR', streaming: false, zdr: true, behaviour: 'echo', status: 200 },
  { name: ' under ZDR, stream', streaming: true, zdr: true, behaviour: 'echo', status: 200 },
  { name: ', provider says 400', streaming: false, zdr: false, behaviour: 'error_400', status: 400 },
  { name: ', provider cuts a stream', streaming: true, zdr: true, behaviour: 'reset_halfway', status: 200 },
];

const asked =
  ({ path, body }: Endpoint, { streaming, zdr, behaviour, status }: Way) =>
  async ({ caller, provider, text }: CaseWorld): Promise<void> => {
    provider.behaviour = behaviour;
    const bytes = 20 * kilobyte;
    const sent = { ...body(text(bytes)), ...(streaming ? { stream: true } : {}) };
    const answer = await caller.ask({
      path,
      body: [Buffer.from(JSON.stringify(sent))],
      headers: zdr ? caller.underZdr : {},
    });
    mustBe(answer, status);
    if (behaviour === 'echo') must(answer.body.length > bytes, 'an answer as long as the prompt');
  };

export const dialectCases: readonly ResidueCase[] = endpoints.flatMap((endpoint) =>
  ways
    .filter(({ streaming }) => endpoint.streams || !streaming)
    .map((way) => ({
      name: `${endpoint.path}${way.name}`,
      short: way.behaviour === 'echo',
      run: asked(endpoint, way),
    })),
);
