/** What was captured under a grant, read as JSON. Without a grant nothing of this runs. */
export type Loose = Record<string, unknown>;

export const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A captured JSON value; undefined when absent or cut. */
export const valueOfCaptured = (captured: Buffer | undefined): unknown =>
  captured === undefined ? undefined : parse(captured.toString('utf8'));

/** The objects in the data lines of a captured stream, in order. What is no JSON object, as a cut tail, is left out. */
export const eventsOfCaptured = (captured: Buffer): Loose[] => {
  const events: Loose[] = [];
  for (const line of captured.toString('utf8').split(/\r\n|\r|\n/)) {
    if (!line.startsWith('data:')) continue;
    const event = parse(line.slice(5).trim());
    if (isObject(event)) events.push(event);
  }
  return events;
};

/** The list under a name; empty when there is none. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A small index as providers give it, or undefined: never one that would make a list of holes. */
export const indexBelow = (value: unknown, most: number): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < most ? value : undefined;
