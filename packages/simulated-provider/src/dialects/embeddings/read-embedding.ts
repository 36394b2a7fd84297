import type { Json, JsonObject } from '../../json-codec.js';
import { namesIn, numberOr, refuseUnknownFields, wholeNumberWithin } from '../../model-request.js';
import type { Model } from '../../models.js';
import { badRequest, type Refusal } from '../../refusals.js';
import { readModel } from '../read-model.js';
import { readTextInputs, type TextInput } from '../text-inputs.js';

const INPUTS_MAX = 2_048;
const DIMENSIONS_DEFAULT = 256;
const DIMENSIONS_MAX = 3_072;
/** Numbers in one answer; as decimal text they are some twenty times as many bytes. */
const NUMBERS_MAX = 1_000_000;

const KNOWN_FIELDS = namesIn('model input dimensions encoding_format user');

export interface EmbeddingRequest {
  readonly model: Model;
  readonly inputs: readonly TextInput[];
  readonly dimensions: number;
  readonly base64: boolean;
}

export function readEmbeddingRequest(json: Json | undefined): EmbeddingRequest | { refusal: Refusal } {
  const read = readModel(json, 'embeddings');
  if ('refusal' in read) return read;
  const { fields, model } = read;
  const refusal = findFault(fields, model);
  if (refusal !== null) return { refusal };
  const dimensions = numberOr(fields.dimensions, DIMENSIONS_DEFAULT);
  const inputs = readTextInputs(fields.input, INPUTS_MAX);
  if (inputs === undefined || inputs.some(({ tokens }) => tokens === 0)) {
    return {
      refusal: badRequest(`'input' takes 1 to ${INPUTS_MAX} texts or token lists, none empty.`, 'input'),
    };
  }
  if (inputs.length * dimensions > NUMBERS_MAX) {
    return { refusal: badRequest(`'input' and 'dimensions' ask for over ${NUMBERS_MAX} numbers.`, 'input') };
  }
  return { model, inputs, dimensions, base64: fields.encoding_format === 'base64' };
}

function findFault(json: JsonObject, model: Model): Refusal | null {
  const unknown = refuseUnknownFields(json, model, KNOWN_FIELDS);
  if (unknown !== null) return unknown;
  if (!wholeNumberWithin(json.dimensions, 1, DIMENSIONS_MAX)) {
    return badRequest(`'dimensions' must be 1 to ${DIMENSIONS_MAX}.`, 'dimensions');
  }
  if (!['float', 'base64', undefined, null].includes(json.encoding_format as string | null | undefined)) {
    return badRequest("'encoding_format' must be float or base64.", 'encoding_format');
  }
  return null;
}
