import { type HttpAnswer, http } from '../../support/http.js';
import type { RouteContent } from '../contents/content.js';
import type { Planter } from '../manifest.js';
import type { ServedRoute } from '../served-routes.js';

export interface Route {
  readonly served: ServedRoute;
  readonly content: RouteContent;
}

/** One request to be made: with canaries of its own, to one route. */
export interface Asked {
  readonly route: Route;
  readonly streaming: boolean;
  readonly planter: Planter;
  readonly router: string;
}

/** One way in which a request can end. */
export interface Outcome {
  readonly name: string;
  /** Asked as a stream as well, where the route has streams. */
  readonly streams: boolean;
  /** It ends well, and a key that logs has its payload. */
  readonly answers?: true;
  /** The model that the provider must have been asked for; undefined when the request may never reach one. */
  readonly model?: (route: Route) => string;
  /** Routes that can end so; by default each. */
  readonly at?: (route: Route) => boolean;
  /** Resolves to the answer; undefined when none came. */
  readonly run: (asked: Asked) => Promise<HttpAnswer | undefined>;
}

/** Faults that keep a client waiting are left after this long, as an impatient program would. */
export const PATIENCE_MS = 700;

/** What answers well at a route. */
export const plainModel = ({ content }: Route): string => content.models[0] as string;

export interface Sent {
  readonly body: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly leaveAfterMs?: number;
}

/** Posts to the route; undefined when the connection broke or was left. */
export const post = ({ route, planter, router }: Asked, sent: Sent): Promise<HttpAnswer | undefined> =>
  http(`${router}${route.served.path}`, {
    body: sent.body,
    headers: {
      authorization: `Bearer ${planter.profile.key}`,
      'content-type': 'application/json',
      ...sent.headers,
    },
    ...(sent.leaveAfterMs !== undefined && { signal: AbortSignal.timeout(sent.leaveAfterMs) }),
  }).catch(() => undefined);

/** The JSON of a request to this route: what it says, and fields in place of the usual ones. */
export const bodyOf = (
  { route, streaming }: Asked,
  model: string,
  said: unknown,
  fields: Readonly<Record<string, unknown>> = {},
): string =>
  JSON.stringify({
    model: `sim/${model}`,
    ...(streaming && { stream: true }),
    ...route.content.asking(said),
    ...fields,
  });

/** Throws when an answer is not what makes its case worth anything. */
export const expectStatus = (
  { planter }: Asked,
  answer: HttpAnswer | undefined,
  isRight: (status: number) => boolean,
): void => {
  const status = answer?.status ?? 0;
  if (isRight(status)) return;
  // An answer may hold what was planted; a code of ours cannot.
  const code = /"code":"([a-z_]{1,64})"/.exec(answer?.body.toString() ?? '')?.[1] ?? '';
  throw new Error(`${planter.profile.name}/${planter.caseName} answered ${status} ${code}`);
};
