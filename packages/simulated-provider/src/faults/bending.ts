import { constants, createGzip, gzipSync } from 'node:zlib';
import { type Serving, STREAM_HEADERS } from '../exchange.js';
import { serveAnswer } from '../serve-answer.js';
import { wholeBytes } from './whole-bytes.js';

const HUGE_HEADER_BYTES = 200 * 1024;
const QUOTED_CHARACTERS_MAX = 64;
/** How long the connection stays open after the response that nobody asked for. */
const AFTER_TWO_RESPONSES_MS = 1_000;

/** A proper answer in which nothing speaks of usage. */
export async function answerWithoutUsage(serving: Serving): Promise<void> {
  await serveAnswer(serving, { shape: { withoutUsage: true } });
}

/** Broken JSON that holds the prompt: one event amid a proper stream, or a body without its end. */
export async function answerBadJson(serving: Serving): Promise<void> {
  const { exchange, task } = serving;
  await serveAnswer(serving, {
    *events(events) {
      let inserted = false;
      for (const event of events) {
        if (!inserted && event.kind === 'delta') {
          yield { kind: 'delta', text: exchange.dialect.brokenEvent(task.userText) };
        }
        inserted ||= event.kind === 'delta';
        yield event;
      }
    },
    body: (body) => `${JSON.stringify(body).slice(0, -1)},,`,
    completed: task.stream,
  });
}

/** Proper bytes under the name of something else. */
export async function answerWithWrongType(serving: Serving): Promise<void> {
  await serveAnswer(serving, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

export async function answerWithHugeHead(serving: Serving): Promise<void> {
  await serveAnswer(serving, { headers: { 'x-sim-padding': 'h'.repeat(HUGE_HEADER_BYTES) } });
}

/** Finish reasons that no dialect knows, with the prompt in them. */
export async function answerUnknownFinish(serving: Serving): Promise<void> {
  const finishReason = `unheard_of: ${serving.task.userText.slice(0, QUOTED_CHARACTERS_MAX)}`;
  await serveAnswer(serving, { shape: { finishReason } });
}

/** Compressed, whatever the request accepts. */
export async function answerCompressed(serving: Serving): Promise<void> {
  const { exchange, task, answer, delayMs } = serving;
  const encoding = { 'content-encoding': 'gzip' };
  if (!task.stream) {
    exchange.billAll(answer());
    const body = gzipSync(JSON.stringify(task.body(answer())));
    exchange.sendWhole(200, body, { ...encoding, 'content-type': 'application/json' });
    return;
  }
  exchange.begin(200, { ...STREAM_HEADERS, ...encoding });
  exchange.billPrompt(answer());
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  gzip.pipe(exchange.response);
  await exchange.sendEvents(task.events(answer()), delayMs, gzip);
  if (exchange.signal.aborted) {
    gzip.destroy();
    return;
  }
  exchange.settle(true);
  gzip.end();
}

/** Sends the client elsewhere, with some of the prompt in the address; whoever goes there is in the ledger. */
export async function redirect({ exchange, task }: Serving): Promise<void> {
  const quoted = Buffer.from(task.userText.slice(0, QUOTED_CHARACTERS_MAX)).toString();
  const location = `/v1/redirect-target?about=${encodeURIComponent(quoted)}`;
  exchange.refuse({
    status: 302,
    type: 'redirect',
    message: 'Moved.',
    param: null,
    code: null,
    details: {},
    headers: { location },
  });
}

/** A 103 before the answer. */
export async function answerAfterHints(serving: Serving): Promise<void> {
  serving.exchange.response.writeEarlyHints({
    link: '<https://example.com/style.css>; rel=preload; as=style',
  });
  await serveAnswer(serving);
}

/** Two complete responses to one request: a client that keeps the connection takes the second for its next answer. */
export async function answerTwice(serving: Serving): Promise<void> {
  const { exchange, task, answer } = serving;
  const { contentType, bytes } = wholeBytes(serving);
  const unasked = Buffer.from(JSON.stringify({ unasked: true, about: task.userText }));
  exchange.billAll(answer());
  exchange.sendRaw(
    200,
    Buffer.concat([
      responseHead(contentType, bytes.length),
      bytes,
      responseHead('application/json', unasked.length),
      unasked,
    ]),
  );
  exchange.settle(true);
  await exchange.wait(AFTER_TWO_RESPONSES_MS);
  exchange.cut();
  exchange.settle(true);
}

const responseHead = (contentType: string, length: number): Buffer =>
  Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ncontent-length: ${length}\r\n\r\n`);
