import type { Json } from '../json-codec.js';
import type { ModelRequest } from '../model-request.js';
import type { Random } from '../random.js';
import type { Choice } from './answer.js';
import { valueFor } from './schema-value.js';
import { textChoice } from './text-choice.js';

/** A JSON text that fits a schema; its free strings say what the user said. */
export const schemaText = (schema: Json, request: ModelRequest, random: Random): string =>
  JSON.stringify(valueFor(schema, { text: request.lastUserText, random }));

/** Answers in JSON when the request's format asks for it, and repeats the user's text otherwise. */
export const structuredChoice = (request: ModelRequest, random: () => Random): Choice =>
  textChoice(textFor(request, random()), request, random);

function textFor(request: ModelRequest, random: Random): string {
  const { jsonFormat, lastUserText } = request;
  if (jsonFormat === null) return lastUserText;
  if (jsonFormat.schema === null) return JSON.stringify({ answer: lastUserText });
  return schemaText(jsonFormat.schema, request, random);
}
