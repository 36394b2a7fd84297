import type { ChatRequest } from '../chat-request.js';
import { type Json, objectOr } from '../json-codec.js';
import type { Random } from '../random.js';
import type { Choice, Delta } from './answer.js';
import { schemaText } from './structured.js';
import { limitText, piecesOf, textChoice } from './text-choice.js';

interface Tool {
  readonly name: string;
  readonly parameters: Json | undefined;
}

/**
 * Calls the first tool, or the one that `tool_choice` names, with arguments that fit its schema. Answers with text
 * when the last message is a tool's result, when there is no tool, and for `tool_choice: "none"`.
 */
export function toolsChoice(chat: ChatRequest, random: () => Random): Choice {
  const last = chat.messages.at(-1);
  const tool = toolFor(chat);
  if (last?.role === 'tool') return plain(`The tool answered: ${last.text}`, chat, random);
  if (tool === undefined) return plain(`No tool was called: ${chat.lastUserText}`, chat, random);

  const id = `call_${random().hex(24)}`;
  const text = schemaText(tool.parameters ?? { type: 'object' }, chat, random());
  const call = { id, type: 'function', function: { name: tool.name, arguments: text } };
  return {
    message: { role: 'assistant', content: null, refusal: null, annotations: [], tool_calls: [call] },
    logprobs: null,
    finishReason: 'tool_calls',
    outputs: [{ part: 'call', text: `${tool.name}${text}` }],
    *deltas(): Generator<Delta> {
      const opening = { index: 0, id, type: 'function', function: { name: tool.name, arguments: '' } };
      yield { delta: { tool_calls: [opening] }, part: 'call', text: tool.name };
      for (const piece of piecesOf(text, random())) {
        const step = { index: 0, function: { arguments: piece } };
        yield { delta: { tool_calls: [step] }, part: 'call', text: piece };
      }
    },
  };
}

function plain(text: string, chat: ChatRequest, random: () => Random): Choice {
  return textChoice({ chat, random, ...limitText(text, chat) });
}

function toolFor(chat: ChatRequest): Tool | undefined {
  if (chat.toolChoice === 'none') return undefined;
  const tools = chat.tools.map(readTool).filter((tool) => tool !== undefined);
  const named = objectOr(objectOr(chat.toolChoice).function).name;
  return (named === undefined ? undefined : tools.find((tool) => tool.name === named)) ?? tools[0];
}

function readTool(json: Json): Tool | undefined {
  const { name, parameters } = objectOr(objectOr(json).function);
  return typeof name === 'string' ? { name, parameters } : undefined;
}
