import type { z } from '@hono/zod-openapi';
import { LetheError } from '@lethe/service-kit';

const parameterName = /^[a-z_]{1,32}$/;

/** The refusal of a query or path: it names a parameter of ours that is wrong, never one that we do not know. */
export const wrongParameter = ({ issues }: Pick<z.ZodError, 'issues'>): LetheError => {
  const name = issues[0]?.path[0];
  return issues[0]?.code === 'unrecognized_keys'
    ? new LetheError('caller.unknown_field')
    : new LetheError(
        'caller.invalid_value',
        typeof name === 'string' && parameterName.test(name) ? name : null,
      );
};
