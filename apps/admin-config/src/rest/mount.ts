import type { OpenAPIHono } from '@hono/zod-openapi';
import { newUuidV7 } from '@lethe/contracts';
import { bearerToken, errorResponse, LetheError, sourceAddress, tokenSha256 } from '@lethe/service-kit';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';
import type { Caller, OrgRef } from '../domain/principal.js';
import type { Authenticator } from '../identity/authenticate.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { describeEndpoint } from './describe.js';
import type { Answer, Endpoint } from './endpoint.js';
import { readBody, readQuery } from './read-body.js';

const origin = 'admin-config';

/** No organization has this slug. */
const nowhere: OrgRef = { slug: '' };

export interface MountOptions {
  readonly authenticator: Authenticator;
  /** Records an attempt of a known caller and rejects with it. */
  readonly refuse: (caller: Caller, refusal: RefusedChange) => Promise<never>;
}

/** A token that is good, but for other routes. Where something would have changed, the attempt goes on record. */
const refuseToken = (spec: Endpoint, caller: Caller, options: MountOptions): Promise<never> => {
  const { principal } = caller;
  const code = spec.access === 'operator' ? 'caller.invalid_token' : 'caller.forbidden';
  if (spec.event === undefined) throw new LetheError(code);
  const attempt =
    principal.kind === 'user'
      ? ({ orgId: principal.orgId, target: { kind: 'organization', id: principal.orgId } } as const)
      : ({ orgId: undefined, target: { kind: 'deployment', id: 'deployment' } } as const);
  return options.refuse(caller, new RefusedChange(code, { ...attempt, attempted: spec.event }));
};

const credentialOf = async (
  spec: Endpoint,
  c: Context,
  options: MountOptions,
): Promise<{ readonly caller: Caller; readonly org: OrgRef }> => {
  const correlationId = newUuidV7();
  c.header('x-lethe-request-id', correlationId);
  const from = { correlationId, sourceIp: sourceAddress(c) };
  if (spec.access === 'api_key') return { caller: { ...from, principal: { kind: 'nobody' } }, org: nowhere };
  const principal = await options.authenticator.principal(c.req.header('authorization'));
  const caller = { ...from, principal };
  const slug = c.req.param('slug');
  if (spec.access === 'operator' && principal.kind === 'operator')
    return { caller, org: slug === undefined ? nowhere : { slug } };
  // The operator is of no organization: what belongs to one is done by its own people.
  if (spec.access === 'management' && principal.kind === 'user')
    return { caller, org: { id: principal.orgId } };
  return refuseToken(spec, caller, options);
};

const respond = (c: Context, { status, body }: Answer): Response =>
  body === undefined ? c.body(null, status as 204) : c.json(body, status as 200);

const handlerOf = (spec: Endpoint, options: MountOptions) => async (c: Context) => {
  // Who asks comes first: a caller without a credential learns nothing about what a body should hold.
  const { caller, org } = await credentialOf(spec, c, options);
  const token = bearerToken(c.req.header('authorization'));
  if (token === undefined) throw new LetheError('caller.invalid_api_key');
  const answer = await spec.handle({
    caller,
    org,
    credentialSha256: tokenSha256(token),
    body: await readBody(c, spec),
    query: readQuery(c, spec),
    params: c.req.param(),
  });
  return respond(c, answer);
};

const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

/** Registers endpoints with their descriptions. Other methods on their paths answer 405 and name what is offered. */
export const mount = (
  app: OpenAPIHono<BlankEnv>,
  endpoints: readonly Endpoint[],
  options: MountOptions,
): void => {
  const methods = new Map<string, string[]>();
  for (const spec of endpoints) {
    app.openAPIRegistry.registerPath(describeEndpoint(spec));
    app.on(spec.method.toUpperCase(), honoPath(spec.path), handlerOf(spec, options));
    methods.set(spec.path, [...(methods.get(spec.path) ?? []), spec.method.toUpperCase()]);
  }
  for (const [path, offered] of methods) {
    app.all(honoPath(path), (c) => {
      c.header('allow', offered.join(', '));
      return errorResponse(c, 'caller.method_not_allowed', origin);
    });
  }
};
