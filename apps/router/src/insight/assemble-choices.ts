import type { ServedEndpoint } from '@lethe/model-catalog';
import { eventsOfCaptured, isObject, type Loose, listOf, valueOfCaptured } from './captured-json-codec.js';
import { choicesOfChat, choicesOfCompletions } from './choices-of-chat.js';
import { choicesOfMessage, choicesOfMessageStream } from './choices-of-messages.js';
import { choicesOfResponses } from './choices-of-responses.js';

interface Assembly {
  readonly ofBody: (body: Loose) => readonly unknown[];
  readonly ofEvents: (events: readonly Loose[]) => readonly unknown[];
}

/** Vectors and counts are no words: nothing of them is kept. */
const nothing: Assembly = { ofBody: () => [], ofEvents: () => [] };

const assemblies: Readonly<Record<ServedEndpoint, Assembly>> = {
  chat_completions: { ofBody: ({ choices }) => listOf(choices), ofEvents: choicesOfChat },
  completions: { ofBody: ({ choices }) => listOf(choices), ofEvents: choicesOfCompletions },
  responses: { ofBody: ({ output }) => listOf(output), ofEvents: choicesOfResponses },
  messages: { ofBody: choicesOfMessage, ofEvents: choicesOfMessageStream },
  embeddings: nothing,
  count_tokens: nothing,
};

/**
 * What was answered, out of a captured answer of this endpoint: whole as the provider sent it, or put together from a
 * stream. Of a body that was cut there is nothing; of a cut stream what came.
 */
export const assembleChoices = (
  endpoint: ServedEndpoint,
  captured: Buffer,
  streaming: boolean,
): readonly unknown[] => {
  const { ofBody, ofEvents } = assemblies[endpoint];
  if (streaming) return ofEvents(eventsOfCaptured(captured));
  const body = valueOfCaptured(captured);
  return isObject(body) ? ofBody(body) : [];
};
