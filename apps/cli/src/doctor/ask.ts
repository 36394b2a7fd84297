import { lookup } from 'node:dns/promises';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP } from 'node:net';
import { errorCode } from '../terminal/error-code.js';

const timeoutMs = 5_000;
const bytesMax = 4 * 1024 * 1024;

export interface Answer {
  readonly status: number;
  /** The clock of whoever answered, to a second. */
  readonly dateMs: number | undefined;
  readonly body: string;
}

/** Every address of a name: a service of several replicas has several. Rejects with the system's error. */
export const addressesOf = async (host: string): Promise<readonly string[]> => {
  const found = await lookup(host.replace(/^\[|\]$/g, ''), { all: true });
  const four = found.filter(({ family }) => family === 4);
  return (four.length > 0 ? four : found).map(({ address }) => address);
};

/** Asks one address of a URL, under the URL's name. Rejects with the system's or TLS's error. */
export const ask = (url: URL, address: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const options = {
      host: address,
      port: url.port || (secure ? 443 : 80),
      path: url.pathname,
      headers: { host: url.host },
      agent: false as const,
      timeout: timeoutMs,
      ...(secure && isIP(url.hostname) === 0 && { servername: url.hostname }),
    };
    const asked = (secure ? requestTls : requestPlain)(options, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > bytesMax) asked.destroy();
        else chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const dateMs = Date.parse(answer.headers.date ?? '');
        resolve({
          status: answer.statusCode ?? 0,
          dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    asked.on('error', reject);
    asked.end();
  });

/** Whether an error of `ask` is TLS's: somebody answered, and cannot be believed. */
export const isDistrust = (error: unknown): boolean =>
  /^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_SSL|EPROTO)/.test(errorCode(error));
