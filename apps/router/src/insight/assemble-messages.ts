import type { CapturedExchange } from './captured-exchange.js';
import { listOf, valueOfCaptured } from './captured-json-codec.js';

const asMessages = (said: unknown, role: string): readonly unknown[] => {
  if (said === undefined || said === null) return [];
  return [{ role, content: said }];
};

/** Several prompts in one request; tokens count as one prompt, as their provider takes them. */
const asPrompts = (said: unknown): readonly unknown[] =>
  Array.isArray(said) && said.some((prompt) => typeof prompt !== 'number')
    ? said.flatMap((prompt) => asMessages(prompt, 'user'))
    : asMessages(said, 'user');

/** What was asked, as a list of messages whatever the endpoint calls it: system text first, a bare text as the user's. */
export const assembleMessages = ({ endpoint, system, messages }: CapturedExchange): readonly unknown[] => {
  const said = valueOfCaptured(messages);
  const before = asMessages(valueOfCaptured(system), 'system');
  if (endpoint === 'completions' || endpoint === 'embeddings') return asPrompts(said);
  return [...before, ...(typeof said === 'string' ? asMessages(said, 'user') : listOf(said))];
};

/** The tools that were offered. */
export const assembleTools = ({ tools }: CapturedExchange): readonly unknown[] =>
  listOf(valueOfCaptured(tools));
