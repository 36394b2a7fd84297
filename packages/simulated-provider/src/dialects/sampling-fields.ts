import { isObject, type JsonObject, listOr, objectOr } from '../json-codec.js';
import { wholeNumberWithin } from '../model-request.js';
import { badRequest, type Refusal } from '../refusals.js';

const CHOICES_MAX = 16;
const STOPS_MAX = 4;

export interface StreamOptions {
  readonly includeUsage: boolean;
  readonly includeObfuscation: boolean;
}

export const streamOptionsOf = (json: JsonObject): StreamOptions => {
  const options = objectOr(json.stream_options);
  return {
    includeUsage: options.include_usage === true,
    includeObfuscation: options.include_obfuscation === true,
  };
};

/** Faults in the fields that chat and legacy completions share. */
export function findSamplingFault(json: JsonObject): Refusal | null {
  if (!wholeNumberWithin(json.n, 1, CHOICES_MAX)) return badRequest(`'n' must be 1 to ${CHOICES_MAX}.`, 'n');
  for (const name of ['max_tokens', 'max_completion_tokens']) {
    if (!wholeNumberWithin(json[name], 1, Number.MAX_SAFE_INTEGER)) {
      return badRequest(`'${name}' must be a whole number of at least 1.`, name);
    }
  }
  if (listOr(json.stop).length > STOPS_MAX) {
    return badRequest(`'stop' takes at most ${STOPS_MAX} sequences.`, 'stop');
  }
  if (isObject(json.stream_options) && json.stream !== true) {
    return badRequest("'stream_options' is only allowed when 'stream' is enabled.", 'stream_options');
  }
  return null;
}
