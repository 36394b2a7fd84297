import { allEndpoints } from '../rest/rest-app.js';
import { errorSchema } from '../rest/schemas.js';
import type { Deps } from '../use-cases/change.js';

/** An answer whose body may be looked into. */
export interface CheckedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of an error answer. */
  readonly error: { readonly type: string; readonly code: string; readonly param: string | null } | undefined;
  /** Of a list answer. */
  readonly data: readonly Readonly<Record<string, unknown>>[];
}

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0] ?? '');

const errorStatuses = [400, 401, 403, 413, 500, 503];

/** Reads an answer and fails when its status or its body is not what the endpoint describes. */
export const checkAnswer = async (
  deps: Deps,
  method: string,
  path: string,
  response: Response,
): Promise<CheckedAnswer> => {
  const text = await response.text();
  const body = text === '' ? {} : JSON.parse(text);
  const answer: CheckedAnswer = {
    status: response.status,
    headers: response.headers,
    text,
    body,
    error: body.error,
    data: body.data ?? [],
  };
  const spec = allEndpoints(deps).find(
    (each) => each.method === method.toLowerCase() && matches(each.path, path),
  );
  if (spec === undefined) return answer;
  const described = spec.answers[response.status];
  if (described === null) {
    if (text !== '') throw new Error(`${method} ${spec.path} ${response.status} has a body`);
  } else if (described !== undefined) {
    described.parse(body);
  } else if ([...errorStatuses, ...spec.errors].includes(response.status)) {
    errorSchema.parse(body);
  } else {
    throw new Error(`${method} ${spec.path} does not describe status ${response.status}`);
  }
  return answer;
};
