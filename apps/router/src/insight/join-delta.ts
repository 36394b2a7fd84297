import { indexBelow, isObject, type Loose } from './captured-json-codec.js';

const toolCallsMax = 128;

/** A member's own value: a provider may name one `__proto__`. */
const ownValue = (object: Loose, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const setOwn = (object: Loose, key: string, value: unknown): void => {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
};

/** Joins one delta into a message: strings are appended, tool calls joined by index, anything else is kept as sent last. */
export const joinDelta = (message: Loose, delta: Loose): void => {
  for (const [key, value] of Object.entries(delta)) {
    if (value === null || value === undefined) continue;
    const before = ownValue(message, key);
    if (key === 'tool_calls' && Array.isArray(value))
      setOwn(message, key, joinToolCalls(Array.isArray(before) ? before : [], value));
    else if (typeof value === 'string' && typeof before === 'string' && key !== 'role')
      setOwn(message, key, before + value);
    else if (isObject(value) && isObject(before)) joinDelta(before, value);
    else if (Array.isArray(value) && Array.isArray(before)) setOwn(message, key, [...before, ...value]);
    else setOwn(message, key, value);
  }
};

const joinToolCalls = (before: readonly unknown[], deltas: readonly unknown[]): unknown[] => {
  const calls = [...before] as Loose[];
  for (const delta of deltas) {
    if (!isObject(delta)) continue;
    const index = indexBelow(delta.index, toolCallsMax) ?? calls.length;
    if (index >= toolCallsMax) continue;
    const call = isObject(calls[index]) ? calls[index] : {};
    const { index: _index, id, type, ...rest } = delta;
    if (id !== undefined) call.id = id;
    if (type !== undefined) call.type = type;
    joinDelta(call, rest);
    calls[index] = call;
  }
  return calls;
};
