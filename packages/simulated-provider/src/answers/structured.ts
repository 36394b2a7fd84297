import type { ChatRequest } from '../chat-request.js';
import { type Json, objectOr } from '../json-codec.js';
import type { Random } from '../random.js';
import type { Choice } from './answer.js';
import { valueFor } from './schema-value.js';
import { limitText, textChoice } from './text-choice.js';

/** A JSON text that fits a schema; its free strings say what the user said. */
export const schemaText = (schema: Json, chat: ChatRequest, random: Random): string =>
  JSON.stringify(valueFor(schema, { text: chat.lastUserText, random }));

/** Answers in JSON when `response_format` asks for it, and repeats the user's text otherwise. */
export function structuredChoice(chat: ChatRequest, random: () => Random): Choice {
  return textChoice({ chat, random, ...limitText(textFor(chat, random()), chat) });
}

function textFor(chat: ChatRequest, random: Random): string {
  const { type, json_schema: wrapper } = chat.responseFormat;
  if (type === 'json_schema') return schemaText(objectOr(wrapper).schema ?? {}, chat, random);
  return type === 'json_object' ? JSON.stringify({ answer: chat.lastUserText }) : chat.lastUserText;
}
