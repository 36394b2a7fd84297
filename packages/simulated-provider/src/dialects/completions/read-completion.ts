import type { Json, JsonObject } from '../../json-codec.js';
import {
  type ModelRequest,
  namesIn,
  numberOr,
  refuseUnknownFields,
  stringsOf,
  wholeNumberWithin,
} from '../../model-request.js';
import type { Model } from '../../models.js';
import { badRequest, type Refusal } from '../../refusals.js';
import { readModel } from '../read-model.js';
import { findSamplingFault, streamOptionsOf } from '../sampling-fields.js';
import { readTextInputs, type TextInput } from '../text-inputs.js';

const PROMPTS_MAX = 32;
const LOGPROBS_MAX = 5;

const KNOWN_FIELDS = namesIn(
  `model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream
   stream_options suffix temperature top_p user`,
);

export interface CompletionRequest extends ModelRequest {
  readonly prompts: readonly TextInput[];
  /** The answer begins with its prompt. */
  readonly echo: boolean;
  readonly includeUsage: boolean;
}

/** Reads a decoded request body; each prompt is a request of its own, `choices` counts the answers to one. */
export function readCompletionRequest(json: Json | undefined): CompletionRequest | { refusal: Refusal } {
  const read = readModel(json, 'completions');
  if ('refusal' in read) return read;
  const { fields, model, answerModel } = read;
  const refusal = findFault(fields, model);
  if (refusal !== null) return { refusal };
  const prompts = readTextInputs(fields.prompt ?? '', PROMPTS_MAX);
  if (prompts === undefined) {
    return { refusal: badRequest(`'prompt' takes 1 to ${PROMPTS_MAX} texts or token lists.`, 'prompt') };
  }
  return {
    model,
    answerModel,
    prompts,
    messages: prompts.map(({ text }) => ({ role: 'user', text })),
    lastUserText: prompts.at(-1)?.text ?? '',
    toolResult: null,
    stream: fields.stream === true,
    includeUsage: streamOptionsOf(fields).includeUsage,
    echo: fields.echo === true,
    choices: numberOr(fields.n, 1),
    tokensMax: numberOr(fields.max_tokens, null),
    stops: typeof fields.stop === 'string' ? [fields.stop] : stringsOf(fields.stop),
    seed: typeof fields.seed === 'number' ? String(fields.seed) : '',
    logprobs: typeof fields.logprobs === 'number',
    topLogprobs: numberOr(fields.logprobs, 0),
    tools: [],
    toolChoice: 'none',
    jsonFormat: null,
    promptTokens: prompts.reduce((sum, { tokens }) => sum + tokens, 0),
    marksCache: false,
  };
}

function findFault(json: JsonObject, model: Model): Refusal | null {
  const unknown = refuseUnknownFields(json, model, KNOWN_FIELDS);
  if (unknown !== null) return unknown;
  if (!wholeNumberWithin(json.logprobs, 0, LOGPROBS_MAX)) {
    return badRequest(`'logprobs' must be 0 to ${LOGPROBS_MAX}.`, 'logprobs');
  }
  return findSamplingFault(json);
}
