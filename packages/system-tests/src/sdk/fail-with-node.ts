import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { inParallel } from '../support/figures.js';
import type { FailingCall, SdkTask, SeenError } from './served.js';

const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const clientOf = ({ sdk, key }: FailingCall, { baseUrl, apiKey }: SdkTask): object => {
  const value = key?.value ?? apiKey;
  const maxRetries = 0;
  if (sdk === 'openai') return new OpenAI({ baseURL: baseUrl, apiKey: value, maxRetries });
  const isBearer = key?.as === 'bearer';
  return new Anthropic({
    baseURL: new URL(baseUrl).origin,
    apiKey: isBearer ? null : value,
    authToken: isBearer ? value : null,
    maxRetries,
  });
};

/** The names of an error's class and of those it extends. */
const classesOf = (error: object): string[] => {
  const names: string[] = [];
  for (let at: object = Object.getPrototypeOf(error); at !== Object.prototype; at = Object.getPrototypeOf(at))
    names.push(at.constructor.name);
  return names;
};

interface ErrorBody {
  readonly type?: string;
  readonly code?: string;
  readonly param?: string | null;
}

/** Both packages keep the body; OpenAI's keeps what is under `error` in it. */
const bodyOf = (error: unknown): ErrorBody => {
  const body = (error ?? {}) as ErrorBody & { readonly error?: ErrorBody };
  return body.error ?? body;
};

const seen = (error: unknown): SeenError => {
  const known = error instanceof OpenAI.APIError || error instanceof Anthropic.APIError;
  if (!known || error.headers === undefined) throw error;
  const { type = '', code = '', param } = bodyOf(error.error);
  return {
    classes: classesOf(error),
    status: error.status ?? 0,
    code,
    type,
    param: param ?? '',
    requestId: error.requestID ?? '',
    text: `${String(error)} ${JSON.stringify(error)} ${JSON.stringify(error.error)} ${error.stack}`,
  };
};

/** A call that was answered: told like the others, so that a comparison shows which one it was. */
const noError: SeenError = {
  classes: [],
  status: 200,
  code: '',
  type: '',
  param: '',
  requestId: '',
  text: '',
};

/** Makes a call and resolves to its error. Rejects when that is not of the SDK's classes for answers. */
const fail = async (call: FailingCall, task: SdkTask): Promise<SeenError> => {
  const path = call.method.split('.').map(camelCase);
  const last = path.pop() as string;
  const owner = path.reduce<Record<string, unknown>>(
    (at, name) => at[name] as Record<string, unknown>,
    clientOf(call, task) as Record<string, unknown>,
  );
  const method = owner[last] as (this: unknown, ...given: unknown[]) => Promise<unknown>;
  const parameters = { ...call.parameters, ...call.fields };
  const position = call.id === undefined ? [] : [call.id];
  try {
    await method.call(owner, ...position, parameters);
    return noError;
  } catch (error) {
    return seen(error);
  }
};

/** Makes every call of the task with the official packages for Node; the errors in the order of the calls. */
export const failWithNode = (task: SdkTask): Promise<SeenError[]> =>
  inParallel(task.calls, 6, (call) => fail(call, task));
