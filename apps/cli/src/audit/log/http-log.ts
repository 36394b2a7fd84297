import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../../terminal/problem.js';
import { bytesMaxOf, isEntries, type LogSource, noteBytesMax } from './log-source.js';

const timeoutMs = 15_000;
const triesMax = 3;
const pauseMs = 300;

interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** What came in time and within its bound; undefined when nobody answered. */
const ask = async (url: URL, bytesMax: number, token: string | undefined): Promise<Answer | undefined> => {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > bytesMax)
        throw new Problem('The address answers more than a log may.', 'Check the URL.', 3);
      chunks.push(chunk);
    }
    return { status: response.status, bytes: Buffer.concat(chunks) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    return undefined;
  }
};

const refused = (status: number): Problem => {
  if (status === 401 || status === 403)
    return new Problem(
      'The log does not give its events to this token.',
      'They need the operator token: LETHE_OPERATOR_TOKEN. --hashes-only verifies without them.',
      3,
    );
  return new Problem(`The log cannot be read now: the address answers ${status}.`, 'Try again later.', 3);
};

/**
 * A log behind a base URL: audit itself, or a mirror of it on any static server. The operator token goes out with
 * requests for events only. Redirects are not followed.
 */
export const openHttpLog = (baseUrl: string, operatorToken: string | undefined): LogSource => {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  const read = async (path: string, bytesMax: number): Promise<Uint8Array | undefined> => {
    const token = isEntries(path) ? operatorToken : undefined;
    for (let tries = 1; ; tries += 1) {
      const answer = await ask(new URL(path, base), bytesMax, token);
      if (answer?.status === 200) return answer.bytes;
      if (answer?.status === 404) return undefined;
      const passing = answer === undefined || answer.status === 429 || answer.status >= 500;
      if (!passing || tries === triesMax)
        throw answer === undefined
          ? new Problem(`Nothing answers at ${base.origin}.`, 'Is the log running? --url names another.', 3)
          : refused(answer.status);
      await pause(pauseMs * tries);
    }
  };
  return {
    name: base.href,
    hasEntries: operatorToken !== undefined,
    checkpoint: () => read('checkpoint', noteBytesMax),
    readTile: (path) => read(path, bytesMaxOf(path)),
  };
};

/** Throws a usage problem's cause early: whether a text is an address of a log. */
export const isLogUrl = (text: string): boolean =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
