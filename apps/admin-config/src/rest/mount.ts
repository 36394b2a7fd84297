import type { OpenAPIHono } from '@hono/zod-openapi';
import { type AuditEventType, newUuidV7 } from '@lethe/contracts';
import { bearerToken, errorResponse, LetheError, sourceAddress, tokenSha256 } from '@lethe/service-kit';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';
import type { Caller, OrgRef } from '../domain/principal.js';
import type { Authenticator } from '../identity/authenticate.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import type { UnknownAttempt } from '../use-cases/refused-attempts.js';
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
  /** Refuses what no endpoint offers, on record where that matters. */
  readonly refuseUnknown: (caller: Caller, org: OrgRef, attempt: UnknownAttempt) => Promise<never>;
}

/** Everything under it is about whether there is ZDR. */
const zdrPath = '/v1/manage/org/zdr';

const deployment = { kind: 'deployment', id: 'deployment' } as const;

/** A token that is good, but for other routes. Where something would have changed, the attempt goes on record. */
const refuseToken = (spec: Endpoint, caller: Caller, options: MountOptions): Promise<never> => {
  const { principal } = caller;
  const code = spec.access === 'operator' ? 'caller.invalid_token' : 'caller.forbidden';
  if (spec.event === undefined) throw new LetheError(code);
  const attempt =
    principal.kind === 'user'
      ? ({ orgId: principal.orgId, target: { kind: 'organization', id: principal.orgId } } as const)
      : ({ orgId: undefined, target: deployment } as const);
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

/** What becomes of an error of a known caller: attempts that the use-cases never saw go on record. */
const refuseFailed = async (
  spec: Endpoint,
  { caller, org }: { readonly caller: Caller; readonly org: OrgRef },
  { error, options }: { readonly error: unknown; readonly options: MountOptions },
): Promise<never> => {
  if (!(error instanceof LetheError) || error instanceof RefusedChange || spec.event === undefined)
    throw error;
  const { principal } = caller;
  if (error.code === 'caller.unknown_field' && principal.kind === 'user')
    return options.refuseUnknown(caller, org, {
      code: error.code,
      param: error.param,
      attempted: spec.event,
      ofZdr: spec.path === zdrPath,
      wishesZdrOff: false,
    });
  // The operator named an organization that is not there, or something that is not in it.
  if (error.code === 'caller.not_found' && principal.kind === 'operator' && org !== nowhere) {
    const attempt = { orgId: undefined, target: deployment, attempted: spec.event };
    return options.refuse(caller, new RefusedChange(error.code, attempt, error.param));
  }
  throw error;
};

const respond = (c: Context, { status, body }: Answer): Response =>
  body === undefined ? c.body(null, status as 204) : c.json(body, status as 200);

const handlerOf = (spec: Endpoint, options: MountOptions) => async (c: Context) => {
  // Who asks comes first: a caller without a credential learns nothing about what a body should hold.
  const asked = await credentialOf(spec, c, options);
  const token = bearerToken(c.req.header('authorization'));
  if (token === undefined) throw new LetheError('caller.invalid_api_key');
  try {
    const answer = await spec.handle({
      ...asked,
      credentialSha256: tokenSha256(token),
      body: await readBody(c, spec),
      query: readQuery(c, spec),
      params: c.req.param(),
    });
    return respond(c, answer);
  } catch (error) {
    return await refuseFailed(spec, asked, { error, options });
  }
};

const reading = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** A method that is not there answers the same to everyone; of a known caller it is an attempt. */
const refuseMethod = async (
  { path, event }: { readonly path: string; readonly event: AuditEventType | undefined },
  c: Context,
  options: MountOptions,
): Promise<void> => {
  if (event === undefined || reading.has(c.req.method)) return;
  const principal = await options.authenticator
    .principal(c.req.header('authorization'))
    .catch((error: unknown) => {
      if (error instanceof LetheError && error.code === 'caller.invalid_token') return undefined;
      throw error;
    });
  if (principal?.kind !== 'user') return;
  const correlationId = newUuidV7();
  c.header('x-lethe-request-id', correlationId);
  const caller = { principal, correlationId, sourceIp: sourceAddress(c) };
  await options.refuseUnknown(
    caller,
    { id: principal.orgId },
    {
      ...{ code: 'caller.method_not_allowed', param: null, attempted: event },
      ...{ ofZdr: path === zdrPath, wishesZdrOff: path === zdrPath },
    },
  );
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
    const event = endpoints.find((spec) => spec.path === path && spec.event !== undefined)?.event;
    app.all(honoPath(path), async (c) => {
      c.header('allow', offered.join(', '));
      await refuseMethod({ path, event }, c, options);
      return errorResponse(c, 'caller.method_not_allowed', origin);
    });
  }
};
