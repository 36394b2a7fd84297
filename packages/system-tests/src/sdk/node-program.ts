import OpenAI from 'openai';
import { inParallel } from '../support/figures.js';
import { askMessagesWithNode, leaveMessageWithNode, modelsByAnthropic } from './anthropic-node.js';
import { failWithNode } from './fail-with-node.js';
import { askChatWithNode, leaveChatWithNode } from './openai-node-chat.js';
import {
  askEndpointsWithNode,
  leaveCompletionWithNode,
  leaveResponseWithNode,
} from './openai-node-endpoints.js';
import type { Endpoint, Left, SdkRun, SdkTask } from './served.js';

/** What a client program is asked to do. */
export type Phase = 'chat' | 'endpoints' | 'messages' | 'leave' | 'fail';

type Leave = (task: SdkTask, client: OpenAI, chunks: number) => Promise<Left>;
const leaves: Readonly<Partial<Record<Endpoint, Leave>>> = {
  chat_completions: (_task, client, chunks) => leaveChatWithNode(client, chunks),
  completions: (_task, client, chunks) => leaveCompletionWithNode(client, chunks),
  responses: (_task, client, chunks) => leaveResponseWithNode(client, chunks),
  messages: (task, _client, chunks) => leaveMessageWithNode(task, chunks),
};

/** Every stream to be left, at most six at once. */
const leaveAll = (task: SdkTask): Promise<Left[]> => {
  const tasks = Object.entries(task.leaveAfter).flatMap(([endpoint, counts]) =>
    counts.map((chunks) => ({ leave: leaves[endpoint as Endpoint] as Leave, chunks })),
  );
  // A client each, so that leaving one stream cannot touch another one's connection.
  return inParallel(tasks, 6, ({ leave, chunks }) => leave(task, newClient(task), chunks));
};

const newClient = ({ baseUrl, apiKey }: SdkTask): OpenAI => new OpenAI({ baseURL: baseUrl, apiKey });

/** Runs one phase with the official packages for Node, in this process. */
export const runNode = async (task: SdkTask, phase: Phase): Promise<Omit<SdkRun, 'versions'>> => {
  const nothing = { models: [], answers: [], left: [], errors: [] };
  switch (phase) {
    case 'chat':
      return { ...nothing, ...(await askChatWithNode(newClient(task), task)) };
    case 'endpoints':
      return { ...nothing, answers: await askEndpointsWithNode(newClient(task), task) };
    case 'messages':
      return { ...nothing, models: await modelsByAnthropic(task), answers: await askMessagesWithNode(task) };
    case 'leave':
      return { ...nothing, left: await leaveAll(task) };
    case 'fail':
      return { ...nothing, errors: await failWithNode(task) };
  }
};
