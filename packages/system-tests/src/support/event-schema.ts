import { Agent } from 'node:http';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { http } from './http.js';

/** The schema that audit publishes, compiled by a validator that is none of the product's. */
export interface EventSchema {
  /** What is wrong with an event, in its type and the place in the schema; undefined: nothing. Never a value of it. */
  complaintOf(event: unknown): string | undefined;
}

const typeOf = (event: unknown): string => {
  const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined;
  return typeof type === 'string' ? type : 'no type';
};

/** Compiles a JSON Schema of draft 2020-12 in strict mode. Each branch of its `oneOf` is the form of one type. */
export const compileEventSchema = (schema: AnySchemaObject): EventSchema => {
  const validate = new Ajv2020({ strict: true, allErrors: false }).compile(schema);
  return {
    complaintOf: (event) => {
      if (validate(event)) return undefined;
      // The branch that got furthest is the one of the event's own type.
      const deepest = [...(validate.errors ?? [])].sort(
        (a, b) => b.instancePath.length - a.instancePath.length,
      )[0];
      return `${typeOf(event)}: ${deepest?.instancePath ?? ''} ${deepest?.keyword ?? 'not in the schema'}`;
    },
  };
};

interface AuditFace {
  /** Base URL of audit's REST face. */
  readonly audit: string;
  readonly operatorToken: string;
}

const answerMsMax = 20_000;
/** A connection each: compiling takes longer than a service keeps an idle one. */
const agent = new Agent({ keepAlive: false });

const getJsonOf = async ({ audit, operatorToken }: AuditFace, path: string): Promise<unknown> => {
  const { status, body } = await http(`${audit}${path}`, {
    headers: { authorization: `Bearer ${operatorToken}` },
    agent,
    signal: AbortSignal.timeout(answerMsMax),
  });
  if (status !== 200) throw new Error(`${path.split('?')[0]} answered ${status}`);
  return JSON.parse(body.toString());
};

/** By the text of the schema: a test file that starts several Lethes compiles it once. */
const compiled = new Map<string, EventSchema>();

const readEventSchema = async (face: AuditFace): Promise<EventSchema> => {
  const json = (await getJsonOf(face, '/v1/audit/schema')) as AnySchemaObject;
  const text = JSON.stringify(json);
  const schema = compiled.get(text) ?? compileEventSchema(json);
  compiled.set(text, schema);
  return schema;
};

interface EventPage {
  readonly data: readonly { readonly index: number; readonly event: unknown }[];
  readonly next_cursor: string | null;
}

const pagesMax = 5000;

/**
 * Holds the events of a running audit service against the schema that it publishes, newest first, at most a million.
 * Rejects when audit does not answer.
 */
export const eventsOutOfSchema = async (
  face: AuditFace,
): Promise<{ readonly events: number; readonly complaints: readonly string[] }> => {
  const schema = await readEventSchema(face);
  const complaints: string[] = [];
  let events = 0;
  let cursor = '';
  for (let page = 0; page < pagesMax; page++) {
    const { data, next_cursor } = (await getJsonOf(
      face,
      `/v1/audit/events?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )) as EventPage;
    for (const { index, event } of data) {
      const complaint = schema.complaintOf(event);
      if (complaint !== undefined) complaints.push(`event ${index}, ${complaint}`);
    }
    events += data.length;
    if (next_cursor === null) break;
    cursor = next_cursor;
  }
  return { events, complaints };
};
