import { z } from '@hono/zod-openapi';
import { isBoundedIdentifier } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { bounds } from '../domain/bounds.js';
import type { RegisteredField } from '../store/fields.js';
import type { Deps } from '../use-cases/change.js';
import { listFields, registerField, unregisterField } from '../use-cases/fields.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { listOf, momentSchema, uuidSchema } from './schemas.js';

const identifierSchema = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/);
const typeSchema = z.enum(['listed', 'number', 'boolean', 'uuid']);

const fieldSchema = z
  .strictObject({
    id: uuidSchema,
    key: z.string(),
    type: typeSchema,
    listed_values: z.array(z.string()),
    created_at: momentSchema,
  })
  .openapi('RegisteredField');

const newFieldSchema = z.strictObject({
  key: identifierSchema,
  type: typeSchema,
  listed_values: z.array(identifierSchema).max(bounds.listedValuesMax).default([]),
});

const fieldJson = (field: RegisteredField) => ({
  id: field.id,
  key: field.key,
  type: field.type,
  listed_values: field.listedValues,
  created_at: field.createdAt.toISOString(),
});

/** Listed values belong to the type listed and to no other. */
const checkListedValues = ({ type, listed_values: values }: z.infer<typeof newFieldSchema>): void => {
  if ((type === 'listed') !== values.length > 0)
    throw new LetheError('caller.invalid_value', 'listed_values');
};

export const fieldEndpoints = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/field',
    summary: 'The tag and extra keys that are kept under ZDR.',
    access: 'management',
    answers: { 200: listOf(fieldSchema) },
    errors: [],
    handle: async ({ caller, org }) => ({
      status: 200,
      body: { data: (await listFields(deps, caller, org)).map(fieldJson), next_cursor: null },
    }),
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/field',
    summary: 'Registers a tag or extra key with a closed type. Admins only.',
    access: 'management',
    event: 'field.registered',
    body: newFieldSchema,
    answers: { 201: fieldSchema },
    errors: [409],
    handle: async ({ caller, org, body }) => {
      checkListedValues(body);
      const wish = { key: body.key, type: body.type, listedValues: body.listed_values };
      return { status: 201, body: fieldJson(await registerField(deps, caller, org, wish)) };
    },
  }),
  endpoint({
    method: 'delete',
    path: '/v1/manage/field/{key}',
    summary: 'Unregisters a tag or extra key. Admins only.',
    access: 'management',
    event: 'field.unregistered',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, org, params: { key } }) => {
      if (!isBoundedIdentifier(key)) throw new LetheError('caller.not_found');
      await unregisterField(deps, caller, org, key);
      return { status: 204 };
    },
  }),
];
