import { chatContent } from './chat.js';
import type { RouteContent } from './content.js';
import { countTokensContent, messagesContent } from './messages.js';
import { responsesContent } from './responses.js';
import { completionsContent, embeddingsContent } from './texts.js';

/** The matrix's entry for each path that serves models. A path that the router serves without an entry fails the suite. */
export const contentsByPath: Readonly<Record<string, RouteContent>> = {
  '/v1/chat/completions': chatContent,
  '/v1/completions': completionsContent,
  '/v1/responses': responsesContent,
  '/v1/embeddings': embeddingsContent,
  '/v1/messages': messagesContent,
  '/v1/messages/count_tokens': countTokensContent,
};

/** Other texts of the router's source that begin like a path, and why they are no route that takes words to a model. */
export const otherPaths: Readonly<Record<string, string>> = {
  '/v1/models': 'a list that takes no body: the case "the list of models" asks for it',
  '/': 'what the address of a proxy must not go beyond',
  '/closes': 'asked by the router of itself at start, at a port of its own',
  '/gone': 'asked by the router of itself at start, at a port of its own',
  '/length': 'asked by the router of itself at start, at a port of its own',
  '/odd': 'asked by the router of itself at start, at a port of its own',
  '/pieces': 'asked by the router of itself at start, at a port of its own',
};
