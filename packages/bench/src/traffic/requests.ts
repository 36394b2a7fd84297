/** How one gateway wants to be asked. */
export interface Asking {
  readonly port: number;
  readonly path: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

// About twenty quotes and escapes in each KB, as in code and in quoted JSON.
const sentence =
  'Explain why the function "parse" returns\\nnull for {"key": "a\\\\b"} and what to do about it, please. ';

export interface BodyShape {
  readonly bytes: number;
  readonly model: string;
  readonly stream: boolean;
  /** Asks the mock provider not to pace its answer. */
  readonly hurry?: boolean;
}

/** The body of a chat completion of exactly so many bytes, its members in the order of the OpenAI SDK. */
export const requestBody = ({ bytes, model, stream, hurry }: BodyShape): Buffer => {
  const body = (content: string): string =>
    JSON.stringify({
      messages: [
        { role: 'system', content: 'You are a careful assistant.' },
        { role: 'user', content },
      ],
      model,
      max_completion_tokens: 1000,
      temperature: 0.7,
      ...(stream && { stream: true }),
      ...(hurry && { user: 'burst' }),
    });
  const padded = (length: number): string => {
    const repeated = sentence.repeat(Math.ceil(length / sentence.length) + 1);
    return body(repeated.slice(0, Math.max(0, length)));
  };
  // Escapes make the text longer: approach from below, then fill up with plain letters.
  const empty = body('').length;
  const perCharacter = (padded(10_000).length - empty) / 10_000;
  const text = Math.floor((bytes - empty) / perCharacter) - 8;
  const short = padded(text);
  const missing = bytes - short.length;
  if (missing < 0) throw new RangeError('the body cannot be that short');
  return Buffer.from(short.replace('You are', `You are${' '.repeat(missing)}`));
};

/** A request head with the headers of the OpenAI Python SDK. */
export const requestHead = (asking: Asking, bodyBytes: number): string =>
  [
    `POST ${asking.path} HTTP/1.1`,
    `Host: 127.0.0.1:${asking.port}`,
    'Accept-Encoding: gzip, deflate',
    'Connection: keep-alive',
    'Accept: application/json',
    'Content-Type: application/json',
    'User-Agent: OpenAI/Python 2.8.1',
    'X-Stainless-Lang: python',
    'X-Stainless-Package-Version: 2.8.1',
    'X-Stainless-OS: Linux',
    'X-Stainless-Arch: x64',
    'X-Stainless-Runtime: CPython',
    'X-Stainless-Runtime-Version: 3.11.2',
    'X-Stainless-Async: false',
    'x-stainless-retry-count: 0',
    'x-stainless-read-timeout: 600',
    ...Object.entries(asking.headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bodyBytes}`,
    '',
    '',
  ].join('\r\n');
