import { z } from '@hono/zod-openapi';
import type { User } from '../store/users.js';
import type { Deps } from '../use-cases/change.js';
import { eraseAuditSalt } from '../use-cases/erasure.js';
import { addMember, assignRole, listMembers, removeMember } from '../use-cases/members.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { listPage } from './paging.js';
import {
  emailSchema,
  idOf,
  listOf,
  momentSchema,
  nameSchema,
  pageQuery,
  roleSchema,
  uuidSchema,
} from './schemas.js';

const memberSchema = z
  .strictObject({
    id: uuidSchema,
    name: z.string(),
    role: roleSchema,
    email: z.string().nullable(),
    created_at: momentSchema,
  })
  .openapi('Member');

const memberJson = (user: User) => ({
  id: user.id,
  name: user.name,
  role: user.role,
  email: user.email,
  created_at: user.createdAt.toISOString(),
});

export const newMemberSchema = z.strictObject({
  name: nameSchema,
  role: roleSchema,
  email: emailSchema.optional(),
});
/** What a body of newMemberSchema asks for. */
export const memberWish = ({ name, role, email }: z.infer<typeof newMemberSchema>) => ({
  name,
  role,
  email: email ?? null,
});
export const newMemberAnswer = z.strictObject({ user_id: uuidSchema });

export const memberEndpoints = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/org/member',
    summary: 'The users of the organization.',
    access: 'management',
    query: pageQuery,
    answers: { 200: listOf(memberSchema) },
    errors: [],
    handle: ({ caller, org, query }) =>
      listPage(query, (page) => listMembers(deps, caller, org, page), memberJson),
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/org/member',
    summary: 'Adds a user with a role. Admins only.',
    access: 'management',
    event: 'member.added',
    body: newMemberSchema,
    answers: { 201: newMemberAnswer },
    errors: [],
    handle: async ({ caller, org, body }) => ({
      status: 201,
      body: { user_id: await addMember(deps, caller, org, memberWish(body)) },
    }),
  }),
  endpoint({
    method: 'patch',
    path: '/v1/manage/org/member/{user_id}',
    summary: 'Gives a user another role. Admins only.',
    access: 'management',
    event: 'member.role_assigned',
    body: z.strictObject({ role: roleSchema }),
    answers: { 200: memberSchema },
    errors: [404],
    handle: async ({ caller, org, body, params }) => ({
      status: 200,
      body: memberJson(
        await assignRole(deps, caller, org, { userId: idOf(params, 'user_id'), role: body.role }),
      ),
    }),
  }),
  endpoint({
    method: 'delete',
    path: '/v1/manage/org/member/{user_id}',
    summary: 'Removes a user with all tokens and API keys. Admins only.',
    access: 'management',
    event: 'member.removed',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, org, params }) => {
      await removeMember(deps, caller, org, idOf(params, 'user_id'));
      return { status: 204 };
    },
  }),
  endpoint({
    method: 'delete',
    path: '/v1/manage/org/member/{user_id}/audit-salt',
    summary: "Deletes the salt of a user's digests in the audit log, also of a removed one. Admins only.",
    access: 'management',
    event: 'member.erased',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, org, params }) => {
      await eraseAuditSalt(deps, caller, org, idOf(params, 'user_id'));
      return { status: 204 };
    },
  }),
];
