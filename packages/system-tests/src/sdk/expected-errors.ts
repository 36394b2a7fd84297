import type { FailingCall } from './served.js';

/** Stands in everything that is asked; no error may repeat it. */
export const PROMPT_CANARY = 'pelican-quartz-41c7';

/** A call that must fail, and what an SDK must make of it. */
interface ExpectedError {
  readonly what: string;
  readonly call: FailingCall;
  /** Names that the error's class or one it extends must have. */
  readonly classes: readonly string[];
  readonly status: number;
  readonly code: string;
  /** In OpenAI's dialect the part of our code before the dot, in Anthropic's its own name for the status. */
  readonly type: string;
  readonly param?: string;
}

type Method = 'chat.completions.create' | 'responses.create' | 'completions.create' | 'embeddings.create';
type Call = Pick<FailingCall, 'sdk' | 'method' | 'parameters'>;

const text = `Say nothing of ${PROMPT_CANARY}.`;
const asked = [{ role: 'user', content: text }];

const openAi = (method: Method, model: string): Call => {
  const content: Readonly<Record<Method, object>> = {
    'chat.completions.create': { messages: asked },
    'responses.create': { input: text },
    'completions.create': { prompt: text },
    'embeddings.create': { input: text },
  };
  return { sdk: 'openai', method, parameters: { model, ...content[method] } };
};

const anthropic = (method: 'messages.create' | 'messages.count_tokens', model: string): Call => ({
  sdk: 'anthropic',
  method,
  parameters: { model, messages: asked, ...(method === 'messages.create' && { max_tokens: 100 }) },
});

const everyCall = (model: string): readonly Call[] => [
  openAi('chat.completions.create', model),
  openAi('responses.create', model),
  openAi('completions.create', model),
  openAi('embeddings.create', model),
  anthropic('messages.create', model),
  anthropic('messages.count_tokens', model),
];

type Failure = Pick<ExpectedError, 'classes' | 'status' | 'param'> & {
  /** Of ours, in full. */
  readonly code: string;
  /** Anthropic's name for the status. */
  readonly type: string;
};

const expected = (call: FailingCall, { code, type, ...failure }: Failure): ExpectedError => {
  const [family = '', name = ''] = code.split('.');
  return {
    ...failure,
    what: `${call.sdk} ${call.method} ${String(call.parameters.model)} ${code}`,
    call,
    code: name,
    type: call.sdk === 'anthropic' ? type : family,
  };
};

const wrongKeys: readonly NonNullable<FailingCall['key']>[] = [
  { value: 'sk-lethe-not-a-key', as: 'key' },
  { value: 'sk-lethe-not-a-key', as: 'bearer' },
];

const byModel: readonly (readonly [model: string, Failure])[] = [
  [
    `sim/${PROMPT_CANARY}`,
    {
      classes: ['NotFoundError'],
      status: 404,
      code: 'caller.model_unknown',
      type: 'not_found_error',
      param: 'model',
    },
  ],
  [
    'sim/fault-400',
    {
      classes: ['BadRequestError'],
      status: 400,
      code: 'provider.invalid_request',
      type: 'invalid_request_error',
    },
  ],
  [
    'sim/fault-429',
    { classes: ['RateLimitError'], status: 429, code: 'provider.rate_limited', type: 'rate_limit_error' },
  ],
  [
    'sim/fault-500',
    { classes: ['InternalServerError'], status: 502, code: 'provider.failed', type: 'api_error' },
  ],
  // Anthropic's packages know a class for 503 that extends the one for failures of servers.
  [
    'sim/fault-529',
    { classes: ['InternalServerError'], status: 503, code: 'provider.overloaded', type: 'overloaded_error' },
  ],
];

const wrongType = (call: Call, field: string): ExpectedError =>
  expected(
    { ...call, fields: { [field]: PROMPT_CANARY } },
    {
      classes: ['BadRequestError'],
      status: 400,
      code: 'caller.invalid_type',
      type: 'invalid_request_error',
      param: field,
    },
  );

/** Every class of error that a program may tell apart, in every dialect. */
export const expectedErrors: readonly ExpectedError[] = [
  ...everyCall('sim/echo').flatMap((call) =>
    wrongKeys.map((key) =>
      expected(
        { ...call, key },
        {
          classes: ['AuthenticationError'],
          status: 401,
          code: 'caller.invalid_api_key',
          type: 'authentication_error',
        },
      ),
    ),
  ),
  ...byModel.flatMap(([model, failure]) => everyCall(model).map((call) => expected(call, failure))),
  wrongType(openAi('chat.completions.create', 'sim/echo'), 'tools'),
  wrongType(openAi('responses.create', 'sim/echo'), 'reasoning'),
  wrongType(openAi('completions.create', 'sim/echo'), 'n'),
  wrongType(openAi('embeddings.create', 'sim/embed'), 'dimensions'),
  wrongType(anthropic('messages.create', 'sim/echo'), 'thinking'),
  wrongType(anthropic('messages.count_tokens', 'sim/echo'), 'tools'),
];
