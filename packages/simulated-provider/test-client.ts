import { type IncomingHttpHeaders, request } from 'node:http';
import { decodeJson, type Json, type JsonObject, listOr, objectOr } from './src/json-codec.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** `whole` when the body ended as HTTP wants it, otherwise the code of the error that ended it. */
  readonly ended: string;
  readonly informational: readonly number[];
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Leaves once this many bytes of the response were read. */
  readonly leaveAfterBytes?: number;
  /** Leaves when nothing is heard for this long. */
  readonly timeoutMs?: number;
}

/** One plain HTTP request on its own connection. Rejects only when no head arrives. */
export function ask(url: string, options: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const informational: number[] = [];
    const sent = request(url, {
      method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      agent: false,
      maxHeaderSize: 1024 * 1024,
      headers: { authorization: 'Bearer any', 'content-type': 'application/json', ...options.headers },
    });
    sent.setTimeout(options.timeoutMs ?? 20_000, () => sent.destroy(new Error('nothing was heard in time')));
    sent.on('information', ({ statusCode }) => informational.push(statusCode));
    // After the head a broken connection is told by the response, with what was read of it.
    let hasHead = false;
    sent.on('error', (error) => {
      if (!hasHead) reject(error);
    });
    sent.on('response', (response) => {
      hasHead = true;
      const parts: Buffer[] = [];
      let bytes = 0;
      const settle = (ended: string): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts),
          ended,
          informational,
        });
      response.on('data', (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes < (options.leaveAfterBytes ?? Number.POSITIVE_INFINITY)) return;
        sent.destroy();
        settle('left');
      });
      response.on('end', () => settle('whole'));
      response.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? 'unknown'));
    });
    sent.end(options.body);
  });
}

export const user = (content: Json): Json => ({ role: 'user', content });

/** Posts a chat request; `rest` adds to or replaces its fields. */
export const askChat = (
  url: string,
  model: string,
  rest: JsonObject = {},
  options: Ask = {},
): Promise<Reply> =>
  ask(`${url}/v1/chat/completions`, {
    body: JSON.stringify({ model, messages: [user('Hello there')], ...rest }),
    ...options,
  });

export const jsonOf = (reply: Reply): JsonObject => objectOr(decodeJson(reply.body));

export const choicesOf = (completion: JsonObject): JsonObject[] => listOr(completion.choices).map(objectOr);

export const messageOf = (completion: JsonObject, index = 0): JsonObject =>
  objectOr(choicesOf(completion)[index]?.message);

export const contentOf = (completion: JsonObject, index = 0): string =>
  String(messageOf(completion, index).content);

/** The data of each event of a stream, `[DONE]` as that string. */
export const eventsOf = (reply: Reply): (JsonObject | string)[] =>
  reply.body
    .toString()
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const data = event.replace(/^event: .*\n/, '').replace(/^data: /, '');
      const json = decodeJson(Buffer.from(data));
      return json === undefined ? data : objectOr(json);
    });

export const chunksOf = (reply: Reply): JsonObject[] =>
  eventsOf(reply).filter((event): event is JsonObject => typeof event !== 'string');

/** All values of one delta field of one choice, in order. */
export const deltasOf = (reply: Reply, field: string, index = 0): Json[] =>
  chunksOf(reply)
    .flatMap(choicesOf)
    .filter((choice) => choice.index === index)
    .map((choice) => objectOr(choice.delta)[field])
    .filter((value) => value !== undefined);

/** The text of one choice of a stream. */
export const streamedText = (reply: Reply, field = 'content', index = 0): string =>
  deltasOf(reply, field, index)
    .filter((value) => typeof value === 'string')
    .join('');

export const finishReasonsOf = (reply: Reply): Json[] =>
  chunksOf(reply)
    .flatMap(choicesOf)
    .map((choice) => choice.finish_reason ?? null)
    .filter((reason) => reason !== null);

/** Waits until a condition holds; rejects after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
