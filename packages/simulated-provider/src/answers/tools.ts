import type { ModelRequest, Tool } from '../model-request.js';
import type { Random } from '../random.js';
import type { CallPart, Choice } from './answer.js';
import { schemaText } from './structured.js';
import { piecesOf, textChoice } from './text-choice.js';

/**
 * Calls the first tool, or the one that the request names, with arguments that fit its schema. Answers with text when
 * the last message is a tool's result, when there is no tool, and when no tool may be called.
 */
export function toolsChoice(request: ModelRequest, random: () => Random): Choice {
  if (request.toolResult !== null) {
    return textChoice(`The tool answered: ${request.toolResult}`, request, random);
  }
  const tool = toolFor(request);
  if (tool === undefined) return textChoice(`No tool was called: ${request.lastUserText}`, request, random);
  const call = callPart({ tool, text: argumentsFor(tool, request, random()), random });
  return { parts: [call], finishReason: 'tool_calls', stopSequence: null, everywhere: null };
}

export interface CallOptions {
  readonly tool: Tool;
  readonly text: string;
  readonly random: () => Random;
}

export const callPart = ({ tool, text, random }: CallOptions): CallPart => ({
  kind: 'call',
  id: random().hex(24),
  name: tool.name,
  freeText: tool.schema === null,
  text,
  pieces: () => piecesOf(text, random()),
});

const argumentsFor = (tool: Tool, request: ModelRequest, random: Random): string =>
  tool.schema === null ? request.lastUserText : schemaText(tool.schema, request, random);

function toolFor({ tools, toolChoice }: ModelRequest): Tool | undefined {
  if (toolChoice === 'none') return undefined;
  const named = toolChoice === 'any' ? undefined : tools.find((tool) => tool.name === toolChoice.name);
  return named ?? tools[0];
}
