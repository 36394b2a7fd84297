import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:https';
import { errorCode } from '../terminal/error-code.js';

export interface S3Login {
  readonly endpoint: string;
  readonly region: string;
  readonly ca: string | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Question {
  readonly method: 'GET' | 'PUT' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const timeoutMs = 10_000;

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The headers of a request signed by AWS's signature, version 4. */
const signed = (login: S3Login, question: S3Question, query: string): Record<string, string> => {
  const body = question.body ?? Buffer.alloc(0);
  const now = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${now.slice(0, 8)}/${login.region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    ...question.headers,
    host: new URL(login.endpoint).host,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': now,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    question.method,
    question.path,
    query,
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const key = [now.slice(0, 8), login.region, 's3', 'aws4_request'].reduce<Buffer | string>(
    hmac,
    `AWS4${login.secretAccessKey}`,
  );
  const signature = hmac(key, ['AWS4-HMAC-SHA256', now, scope, sha256(canonical)].join('\n')).toString('hex');
  const credential = `${login.accessKeyId}/${scope}`;
  return {
    ...headers,
    'content-length': String(body.length),
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
};

/** The status of the answer, or the code of what kept it away. Nothing of the answer's text is read. */
export const ask = (login: S3Login, question: S3Question): Promise<number | string> => {
  const query = Object.entries(question.query ?? {})
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
  const { hostname, port } = new URL(login.endpoint);
  return new Promise((resolve) => {
    const asked = request(
      {
        host: hostname,
        port: port || 443,
        method: question.method,
        path: `${question.path}${query === '' ? '' : `?${query}`}`,
        headers: signed(login, question, query),
        agent: false,
        timeout: timeoutMs,
        ...(login.ca !== undefined && { ca: login.ca }),
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', (error) => resolve(errorCode(error) || 'ETIMEDOUT'));
    asked.end(question.body);
  });
};
