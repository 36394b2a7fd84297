import { isObject, type Json, type JsonObject } from '../json-codec.js';
import { type AnswerModel, type Endpoint, type Model, parseModel, servesAt } from '../models.js';
import { badRequest, modelNotFound, modelNotServedHere, type Refusal } from '../refusals.js';

export interface NamedRequest {
  readonly fields: JsonObject;
  readonly model: Model;
  /** What answers behind an endpoint that gives text. */
  readonly answerModel: AnswerModel;
}

/** Reads the part of a body that every endpoint has: it is an object and names a model that is served there. */
export function readModel(json: Json | undefined, endpoint: Endpoint): NamedRequest | { refusal: Refusal } {
  if (!isObject(json))
    return { refusal: badRequest('We could not parse the JSON body of your request.', null) };
  if (typeof json.model !== 'string')
    return { refusal: badRequest('you must provide a model parameter', null) };
  const model = parseModel(json.model);
  if (model === null) return { refusal: modelNotFound(json.model) };
  if (!servesAt(model, endpoint)) return { refusal: modelNotServedHere(json.model) };
  return { fields: json, model, answerModel: model.answer === 'embed' ? 'echo' : model.answer };
}
