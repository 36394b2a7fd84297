import type { OpenAPIHono } from '@hono/zod-openapi';
import { newUuidV7 } from '@lethe/contracts';
import { bearerToken, errorResponse, LetheError, tokenSha256 } from '@lethe/service-kit';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';
import type { OrgRef, Principal } from '../domain/principal.js';
import type { Authenticator } from '../identity/authenticate.js';
import { describeEndpoint } from './describe.js';
import type { Answer, Endpoint } from './endpoint.js';
import { readBody, readQuery } from './read-body.js';

const origin = 'admin-config';

/** No organization has this slug. */
const nowhere: OrgRef = { slug: '' };

const credentialOf = async (
  { access }: Endpoint,
  c: Context,
  authenticator: Authenticator,
): Promise<{ readonly principal: Principal; readonly org: OrgRef }> => {
  const authorization = c.req.header('authorization');
  if (access === 'api_key') return { principal: { kind: 'nobody' }, org: nowhere };
  if (access === 'operator') {
    const slug = c.req.param('slug');
    return {
      principal: authenticator.operator(authorization),
      org: slug === undefined ? nowhere : { slug },
    };
  }
  const principal = await authenticator.user(authorization);
  return { principal, org: { id: principal.orgId } };
};

const respond = (c: Context, { status, body }: Answer): Response =>
  body === undefined ? c.body(null, status as 204) : c.json(body, status as 200);

const handlerOf = (spec: Endpoint, authenticator: Authenticator) => async (c: Context) => {
  const correlationId = newUuidV7();
  c.header('x-lethe-request-id', correlationId);
  // Who asks comes first: a caller without a credential learns nothing about what a body should hold.
  const { principal, org } = await credentialOf(spec, c, authenticator);
  const token = bearerToken(c.req.header('authorization'));
  if (token === undefined) throw new LetheError('caller.invalid_api_key');
  const answer = await spec.handle({
    caller: { principal, correlationId },
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
  authenticator: Authenticator,
): void => {
  const methods = new Map<string, string[]>();
  for (const spec of endpoints) {
    app.openAPIRegistry.registerPath(describeEndpoint(spec));
    app.on(spec.method.toUpperCase(), honoPath(spec.path), handlerOf(spec, authenticator));
    methods.set(spec.path, [...(methods.get(spec.path) ?? []), spec.method.toUpperCase()]);
  }
  for (const [path, offered] of methods) {
    app.all(honoPath(path), (c) => {
      c.header('allow', offered.join(', '));
      return errorResponse(c, 'caller.method_not_allowed', origin);
    });
  }
};
