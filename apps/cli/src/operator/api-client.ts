import { z } from 'zod';
import { decodeJson } from '../terminal/json-codec.js';
import { Problem } from '../terminal/problem.js';

const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), param: z.string().nullable() }),
});
const defaultTimeoutMs = 10_000;

/** One of Lethe's REST faces with one credential. */
export interface ApiClient {
  /** Resolves to the answer's body when it has the schema. Rejects with CallRefused, or Problem when nobody answers. */
  call<S extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    answer: S,
    body?: object,
  ): Promise<z.infer<S>>;
}

/** Lethe answered and said no: status, closed code, constant message and the field it is about. */
export class CallRefused extends Problem {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    next?: string,
  ) {
    super(message, next);
  }
}

const nextSteps: Readonly<Record<string, string>> = {
  invalid_token:
    'Check the token: LETHE_OPERATOR_TOKEN, or operatorToken in run.json. A token is shown once and can be revoked.',
  not_found: 'Check the slug or the id; "lethe org list" shows the organizations.',
  conflict: 'Choose another name; "lethe org list" shows those that are taken.',
  confirmation_mismatch: 'The token is of another organization than the slug that was typed.',
  zdr_irrevocable: 'The organization has Zero Data Retention: no call turns that off.',
  unavailable: 'A service is starting or away. Try again in a few seconds.',
};

export const nothingAnswers = (baseUrl: string): Problem =>
  new Problem(
    `Nothing answers at ${baseUrl}.`,
    'Is Lethe running? "npm start" starts it; --url names another one.',
  );

/** The problem that an answer of 300 and more is. */
export const refusalOf = (status: number, text: string): CallRefused => {
  const error = decodeJson(errorSchema, text)?.error;
  if (error === undefined)
    return new CallRefused(
      status,
      'unknown',
      `The address answered ${status}, but not as Lethe does.`,
      'Check the URL.',
    );
  const about = error.param === null ? '' : ` (${error.param})`;
  return new CallRefused(status, error.code, `${error.message}${about}`, nextSteps[error.code]);
};

/** Speaks JSON to a base URL with a bearer token. Errors never quote the token or what was sent. */
export const createApiClient = (
  baseUrl: string,
  token: string,
  callTimeoutMs = defaultTimeoutMs,
): ApiClient => ({
  async call(method, path, answer, body) {
    let status: number;
    let text: string;
    try {
      const response = await fetch(new URL(path, baseUrl), {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(callTimeoutMs),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      status = response.status;
      text = await response.text();
    } catch {
      throw nothingAnswers(baseUrl);
    }
    if (status >= 300) throw refusalOf(status, text);
    const decoded = decodeJson(answer, text === '' ? '{}' : text);
    if (decoded === undefined) throw new Problem(`${baseUrl} answered in a form this version does not know.`);
    return decoded;
  },
});
