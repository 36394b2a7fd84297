import type { OutgoingHttpHeaders } from 'node:http';
import { type HttpAnswer, http, requestIdOf } from '../../support/http.js';
import { eventsOf } from '../../support/server-sent-events.js';
import type { Endpoint, Served } from '../served.js';

/** Where and as whom an agent asks. */
export interface AgentTask {
  readonly router: string;
  readonly apiKey: string;
  /** What to put behind the name of a model: `@region`. */
  readonly region: string;
}

/** A request that an agent sent, and what came of it. */
export interface Exchanged {
  /** The JSON text, byte for byte. */
  readonly sent: string;
  readonly headers: OutgoingHttpHeaders;
  readonly answer: HttpAnswer;
  readonly served: Served;
}

export type Json = Readonly<Record<string, unknown>>;

interface Asking {
  readonly endpoint: Endpoint;
  readonly headers: OutgoingHttpHeaders;
  /** What the answer says of itself, put together from its events where it is a stream. */
  readonly read: (answer: HttpAnswer) => Pick<Served, 'finishReason' | 'usage'>;
}

/** Posts JSON as an agent does. Rejects when the answer is not 200. */
export const postJson = async (url: string, body: Json, asking: Asking): Promise<Exchanged> => {
  const sent = JSON.stringify(body);
  const answer = await http(url, {
    headers: { 'content-type': 'application/json', ...asking.headers },
    body: sent,
  });
  if (answer.status !== 200)
    throw new Error(`${new URL(url).pathname} answered ${answer.status} ${answer.body.toString()}`);
  const model = String(body.model).replace(/@.*$/, '');
  return {
    sent,
    headers: asking.headers,
    answer,
    served: {
      requestId: requestIdOf(answer),
      endpoint: asking.endpoint,
      model,
      streaming: body.stream === true,
      ...asking.read(answer),
    },
  };
};

/** The data of a stream's events, each of a type. */
export const typedEvents = ({ body }: HttpAnswer): (Json & { readonly type: string })[] =>
  eventsOf(body.toString()).map(({ data }) => JSON.parse(data) as Json & { type: string });
