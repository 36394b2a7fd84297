/** JSON of a captured stream or body. One of the few codecs that may parse content: it runs only under a grant. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const choicesMax = 128;
const toolCallsMax = 128;

/** Joins one delta into a message: strings are appended, tool calls joined by index, anything else is kept as sent last. */
const joinDelta = (message: Loose, delta: Loose): void => {
  for (const [key, value] of Object.entries(delta)) {
    if (value === null || value === undefined) continue;
    const before = message[key];
    if (key === 'tool_calls' && Array.isArray(value))
      message[key] = joinToolCalls(Array.isArray(before) ? before : [], value);
    else if (typeof value === 'string' && typeof before === 'string' && key !== 'role')
      message[key] = before + value;
    else if (isObject(value) && isObject(before)) joinDelta(before, value);
    else if (Array.isArray(value) && Array.isArray(before)) message[key] = [...before, ...value];
    else message[key] = value;
  }
};

const joinToolCalls = (before: readonly unknown[], deltas: readonly unknown[]): unknown[] => {
  const calls = [...before] as Loose[];
  for (const delta of deltas) {
    if (!isObject(delta)) continue;
    const index =
      typeof delta.index === 'number' && delta.index >= 0 && delta.index < toolCallsMax
        ? delta.index
        : calls.length;
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

const joinEvent = (choices: Map<number, Loose>, event: unknown): void => {
  if (!isObject(event) || !Array.isArray(event.choices)) return;
  for (const piece of event.choices) {
    if (!isObject(piece) || typeof piece.index !== 'number' || choices.size > choicesMax) continue;
    const choice = choices.get(piece.index) ?? { index: piece.index, message: {}, finish_reason: null };
    if (isObject(piece.delta)) joinDelta(choice.message as Loose, piece.delta);
    if (piece.finish_reason !== null && piece.finish_reason !== undefined)
      choice.finish_reason = piece.finish_reason;
    if (isObject(piece.logprobs)) {
      const logprobs = isObject(choice.logprobs) ? choice.logprobs : {};
      joinDelta(logprobs, piece.logprobs);
      choice.logprobs = logprobs;
    }
    choices.set(piece.index, choice);
  }
};

/** Assembles the choices of a captured stream from its event frames. A cut tail is left out. */
export const choicesOfStream = (captured: Buffer): unknown[] => {
  const choices = new Map<number, Loose>();
  for (const line of captured.toString('utf8').split(/\r?\n/)) {
    if (line.startsWith('data:')) joinEvent(choices, parse(line.slice(5).trim()));
  }
  return [...choices.values()].sort((a, b) => (a.index as number) - (b.index as number));
};

/** The choices of a captured body; none when it was cut. */
export const choicesOfBody = (captured: Buffer): unknown[] => {
  const body = parse(captured.toString('utf8'));
  return isObject(body) && Array.isArray(body.choices) ? body.choices : [];
};

/** A captured JSON array (messages, tools); empty when absent or no array. */
export const arrayOf = (captured: Buffer | undefined): unknown[] => {
  const value = captured === undefined ? undefined : parse(captured.toString('utf8'));
  return Array.isArray(value) ? value : [];
};
