import type { RouteConfig } from '@hono/zod-openapi';
import type { Endpoint } from './endpoint.js';
import { errorSchema } from './schemas.js';

/** Every endpoint may answer these. */
const errorsEverywhere = [400, 401, 403, 413, 500, 503] as const;

const json = (schema: NonNullable<Endpoint['body']>) => ({ content: { 'application/json': { schema } } });

const paramNames = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');

const responsesOf = (spec: Endpoint): RouteConfig['responses'] => ({
  ...Object.fromEntries(
    Object.entries(spec.answers).map(([status, schema]) => [
      status,
      { description: 'Done.', ...(schema === null ? {} : json(schema)) },
    ]),
  ),
  ...Object.fromEntries(
    [...errorsEverywhere, ...spec.errors].map((status) => [
      status,
      { description: 'Refused or failed; the code says why.', ...json(errorSchema) },
    ]),
  ),
});

/** An endpoint as the OpenAPI document describes it. */
export const describeEndpoint = (spec: Endpoint): RouteConfig => ({
  method: spec.method,
  path: spec.path,
  summary: spec.summary,
  security: [{ [spec.access]: [] }],
  request: {
    ...(spec.body === undefined
      ? {}
      : { body: { ...json(spec.body), required: spec.bodyOptional !== true } }),
    ...(spec.query === undefined ? {} : { query: spec.query }),
  },
  parameters: paramNames(spec.path).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  })),
  responses: responsesOf(spec),
});
