import type { ModelRequest } from '../model-request.js';
import type { AnswerModel } from '../models.js';
import { type Random, randomFrom } from '../random.js';
import { OutputMeter, type Usage } from '../tokens.js';
import { type Answer, type Choice, openingText } from './answer.js';
import { everyFieldChoice } from './every-field.js';
import { pseudoText } from './pseudo-text.js';
import { reasoningChoice } from './reasoning.js';
import { refusalChoice } from './refusal.js';
import { structuredChoice } from './structured.js';
import { textChoice } from './text-choice.js';
import { toolsChoice } from './tools.js';

type ChoiceMaker = (request: ModelRequest, random: () => Random) => Choice;

const echoChoice: ChoiceMaker = (request, random) => textChoice(request.lastUserText, request, random);

const CHOICE_MAKERS: Readonly<Record<AnswerModel, ChoiceMaker>> = {
  echo: echoChoice,
  cached: echoChoice,
  chat: (request, random) => textChoice(pseudoText(request, random()), request, random),
  tools: toolsChoice,
  reasoning: reasoningChoice,
  structured: structuredChoice,
  'every-field': everyFieldChoice,
  refusal: refusalChoice,
};

const CREATED_FIRST = 1_760_000_000;
const CREATED_SPREAD = 1_000_000;

/**
 * The whole answer to a request. It depends on the provider's seed, the request's seed, the answering model and the
 * messages alone, so the same request gives the same bytes however it was framed or edited on its way.
 */
export function makeAnswer(request: ModelRequest, seed: string): Answer {
  const identity = [
    seed,
    request.seed,
    request.answerModel,
    ...request.messages.map(({ role, text }) => `${role}:${text}`),
  ];
  const fingerprint = randomFrom(...identity).hex(32);
  const make = CHOICE_MAKERS[request.answerModel];
  const choices = Array.from({ length: request.choices }, (_, index) =>
    make(request, () => randomFrom(fingerprint, String(index))),
  );
  const random = randomFrom(fingerprint, 'head');
  return {
    id: random.hex(24),
    created: CREATED_FIRST + random.below(CREATED_SPREAD),
    choices,
    usage: usageOf(request, choices),
  };
}

/** What was asked and what is answered, in tokens. */
export function usageOf(request: ModelRequest, choices: readonly Choice[]): Usage {
  const meter = new OutputMeter();
  for (const [index, choice] of choices.entries()) {
    for (const part of choice.parts) meter.add(index, part.kind, openingText(part) + part.text);
  }
  const { promptTokens, answerModel, marksCache } = request;
  const caches = marksCache || answerModel === 'cached' || answerModel === 'every-field';
  return {
    promptTokens,
    completionTokens: meter.completionTokens,
    reasoningTokens: meter.reasoningTokens,
    cachedTokens: caches ? Math.floor(promptTokens / 2) : 0,
    cacheWriteTokens: caches ? Math.floor(promptTokens / 4) : 0,
  };
}
