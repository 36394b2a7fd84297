import { constants, createGzip, gzipSync } from 'node:zlib';
import { type Serving, STREAM_HEADERS } from '../exchange.js';
import { completionJson, streamEvents } from '../render.js';
import { serveAnswer } from '../serve-answer.js';

const HUGE_HEADER_BYTES = 200 * 1024;
const QUOTED_CHARACTERS_MAX = 64;
/** How long the connection stays open after the response that nobody asked for. */
const AFTER_TWO_RESPONSES_MS = 1_000;

/** A proper answer in which nothing speaks of usage. */
export async function answerWithoutUsage(serving: Serving): Promise<void> {
  await serveAnswer(
    { ...serving, chat: { ...serving.chat, includeUsage: false } },
    { body: ({ usage: _, ...rest }) => JSON.stringify(rest) },
  );
}

/** Broken JSON that holds the prompt: one event amid a proper stream, or a body without its end. */
export async function answerBadJson(serving: Serving): Promise<void> {
  const broken = `{"choices":[{"delta":{"content":${JSON.stringify(serving.chat.lastUserText)},,`;
  await serveAnswer(serving, {
    *events(events) {
      let inserted = false;
      for (const event of events) {
        if (!inserted && event.kind === 'delta') yield { kind: 'delta', text: `data: ${broken}\n\n` };
        inserted ||= event.kind === 'delta';
        yield event;
      }
    },
    body: (completion) => `${JSON.stringify(completion).slice(0, -1)},,`,
    completed: serving.chat.stream,
  });
}

export async function answerWithHugeHead(serving: Serving): Promise<void> {
  await serveAnswer(serving, { headers: { 'x-sim-padding': 'h'.repeat(HUGE_HEADER_BYTES) } });
}

/** Finish reasons that no dialect knows, with the prompt in them. */
export async function answerUnknownFinish(serving: Serving): Promise<void> {
  const finishReason = `unheard_of: ${serving.chat.lastUserText.slice(0, QUOTED_CHARACTERS_MAX)}`;
  const answer = serving.answer();
  const changed = { ...answer, choices: answer.choices.map((choice) => ({ ...choice, finishReason })) };
  await serveAnswer({ ...serving, answer: () => changed });
}

/** Compressed, whatever the request accepts. */
export async function answerCompressed(serving: Serving): Promise<void> {
  const { exchange, chat, answer, delayMs } = serving;
  const encoding = { 'content-encoding': 'gzip' };
  if (!chat.stream) {
    exchange.billAll(answer());
    const body = gzipSync(JSON.stringify(completionJson(answer(), chat)));
    exchange.sendWhole(200, body, { ...encoding, 'content-type': 'application/json' });
    return;
  }
  exchange.begin(200, { ...STREAM_HEADERS, ...encoding });
  exchange.billPrompt(answer());
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  gzip.pipe(exchange.response);
  await exchange.sendEvents(streamEvents(answer(), chat), delayMs, gzip);
  if (exchange.signal.aborted) {
    gzip.destroy();
    return;
  }
  exchange.settle(true);
  gzip.end();
}

/** Sends the client elsewhere, with some of the prompt in the address; whoever goes there is in the ledger. */
export async function redirect({ exchange, chat }: Serving): Promise<void> {
  const quoted = Buffer.from(chat.lastUserText.slice(0, QUOTED_CHARACTERS_MAX)).toString();
  const location = `/v1/redirect-target?about=${encodeURIComponent(quoted)}`;
  exchange.sendJson(
    302,
    { error: { message: 'Moved.', type: 'redirect', param: null, code: null } },
    { location },
  );
}

/** A 103 before the answer. */
export async function answerAfterHints(serving: Serving): Promise<void> {
  serving.exchange.response.writeEarlyHints({
    link: '<https://example.com/style.css>; rel=preload; as=style',
  });
  await serveAnswer(serving);
}

/** Two complete responses to one request: a client that keeps the connection takes the second for its next answer. */
export async function answerTwice({ exchange, chat, answer }: Serving): Promise<void> {
  const type = chat.stream ? STREAM_HEADERS['content-type'] : 'application/json';
  const wanted = chat.stream
    ? [...streamEvents(answer(), chat)].map((event) => event.text).join('')
    : JSON.stringify(completionJson(answer(), chat));
  const unasked = JSON.stringify({ unasked: true, about: chat.lastUserText });
  const responseBytes = (contentType: string, body: string): string =>
    `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  exchange.billAll(answer());
  exchange.sendRaw(
    200,
    Buffer.from(responseBytes(type, wanted) + responseBytes('application/json', unasked)),
  );
  exchange.settle(true);
  await exchange.wait(AFTER_TWO_RESPONSES_MS);
  exchange.cut();
  exchange.settle(true);
}
