import type { ChatRequest } from '../chat-request.js';
import type { AnswerModel } from '../models.js';
import { type Random, randomFrom } from '../random.js';
import { OutputMeter, promptTokensOf, type Usage } from '../tokens.js';
import type { Answer, Choice } from './answer.js';
import { everyFieldChoice, everyTopField, unheardOf } from './every-field.js';
import { pseudoText } from './pseudo-text.js';
import { reasoningChoice } from './reasoning.js';
import { structuredChoice } from './structured.js';
import { limitText, textChoice } from './text-choice.js';
import { toolsChoice } from './tools.js';

type ChoiceMaker = (chat: ChatRequest, random: () => Random) => Choice;

const echoChoice: ChoiceMaker = (chat, random) =>
  textChoice({ chat, random, ...limitText(chat.lastUserText, chat) });

const CHOICE_MAKERS: Readonly<Record<AnswerModel, ChoiceMaker>> = {
  echo: echoChoice,
  cached: echoChoice,
  chat: (chat, random) => textChoice({ chat, random, ...limitText(pseudoText(chat, random()), chat) }),
  tools: toolsChoice,
  reasoning: reasoningChoice,
  structured: structuredChoice,
  'every-field': everyFieldChoice,
};

const CREATED_FIRST = 1_760_000_000;
const CREATED_SPREAD = 1_000_000;

/**
 * The whole answer to a request. It depends on the provider's seed, the request's seed, the answering model and the
 * messages alone, so the same request gives the same bytes however it was framed or edited on its way.
 */
export function makeAnswer(chat: ChatRequest, seed: string): Answer {
  const identity = [
    seed,
    chat.seed,
    chat.model.answer,
    ...chat.messages.map(({ role, text }) => `${role}:${text}`),
  ];
  const fingerprint = randomFrom(...identity).hex(32);
  const make = CHOICE_MAKERS[chat.model.answer];
  const choices = Array.from({ length: chat.choices }, (_, index) =>
    make(chat, () => randomFrom(fingerprint, String(index))),
  );
  const random = randomFrom(fingerprint, 'head');
  const everything = chat.model.answer === 'every-field';
  return {
    id: `chatcmpl-sim${random.hex(24)}`,
    created: CREATED_FIRST + random.below(CREATED_SPREAD),
    choices,
    usage: usageOf(chat, choices),
    ...(everything && { extra: everyTopField(chat.lastUserText), usageExtra: unheardOf(chat.lastUserText) }),
  };
}

function usageOf(chat: ChatRequest, choices: readonly Choice[]): Usage {
  const meter = new OutputMeter();
  for (const [index, choice] of choices.entries()) {
    for (const { part, text } of choice.outputs) meter.add(index, part, text);
  }
  const promptTokens = promptTokensOf(chat);
  const caches = chat.model.answer === 'cached' || chat.model.answer === 'every-field';
  return {
    promptTokens,
    completionTokens: meter.completionTokens,
    reasoningTokens: meter.reasoningTokens,
    cachedTokens: caches ? Math.floor(promptTokens / 2) : 0,
    cacheWriteTokens: caches ? Math.floor(promptTokens / 4) : 0,
  };
}
