import { z } from '@hono/zod-openapi';

const errorBody = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      code: z.string(),
      param: z.string().nullable(),
      origin: z.string(),
    }),
  })
  .openapi('Error');
/** One way a route refuses. */
export const refused = (description: string) => ({
  description,
  content: { 'application/json': { schema: errorBody } },
});
/** What every route behind a token may refuse. */
export const refusals = {
  400: refused('A parameter is not valid'),
  401: refused('The token is not known'),
  403: refused('This role does not read the audit log'),
  503: refused('A service this depends on is not available'),
};

export const security = [{ managementToken: [] }];
