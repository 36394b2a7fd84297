import { isObject, type Json, type JsonObject, listOr, objectOr } from '../../json-codec.js';

/** How long a request wants some of its prompt cached, by the longest mark on it; null without one. */
export function cacheMarkOf({ cache_control: own, system, tools, messages }: JsonObject): '5m' | '1h' | null {
  const blocks = [
    ...listOr(system),
    ...listOr(tools),
    ...listOr(messages).flatMap((message) => listOr(objectOr(message).content)),
  ];
  const marks: (Json | undefined)[] = [own, ...blocks.map((block) => objectOr(block).cache_control)];
  const set = marks.filter(isObject);
  if (set.length === 0) return null;
  return set.some(({ ttl }) => ttl === '1h') ? '1h' : '5m';
}
