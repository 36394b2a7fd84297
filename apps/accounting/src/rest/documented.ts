import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';

export type RestApp = OpenAPIHono<BlankEnv>;

/** The shape of every error answer. */
const errorSchema = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      code: z.string(),
      param: z.string().nullable(),
      origin: z.literal('accounting'),
    }),
  })
  .openapi('Error');

const errorAnswer = (description: string) => ({
  description,
  content: { 'application/json': { schema: errorSchema } },
});

/** The refusals that every route of a reader has. */
export const refusals = {
  400: errorAnswer('A parameter is not valid; `param` names it.'),
  401: errorAnswer('The management token is missing or not valid.'),
  403: errorAnswer('The role may not do this.'),
  404: errorAnswer('There is nothing here that this token may read.'),
  503: errorAnswer('A service this depends on is away.'),
};

type Documented = Omit<RouteConfig, 'method' | 'security'> & { readonly path: `/${string}` };

/** Adds a GET route together with its entry in the document, so that neither stands without the other. */
export const documentedGet = (
  app: RestApp,
  route: Documented,
  answer: (c: Context) => Promise<Response>,
): void => {
  app.openAPIRegistry.registerPath({ ...route, method: 'get', security: [{ managementToken: [] }] });
  app.get(route.path.replaceAll(/\{(\w+)\}/g, ':$1'), answer);
};

/** Serves the document of all routes added so far and later. */
export const serveDocument = (app: RestApp): void => {
  app.openAPIRegistry.registerComponent('securitySchemes', 'managementToken', {
    type: 'http',
    scheme: 'bearer',
    description: 'A management token (lethe_mgmt_…) or the operator token (lethe_ops_…).',
  });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Lethe accounting', version: '0.1.0', description: 'Requests, payload and usage.' },
  });
};
