import { z } from '@hono/zod-openapi';
import { dollarsText } from '../domain/money.js';
import type { Group, GroupMembership } from '../store/groups.js';
import type { Deps } from '../use-cases/change.js';
import { addGroupMember, assignGroupRole, removeGroupMember } from '../use-cases/group-members.js';
import { createGroup, listGroups, readGroup, removeGroup } from '../use-cases/groups.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { listPage } from './paging.js';
import {
  groupRoleSchema,
  idOf,
  listOf,
  momentSchema,
  moneyInSchema,
  moneySchema,
  nameSchema,
  nanoOf,
  pageQuery,
  uuidSchema,
} from './schemas.js';

const groupSchema = z
  .strictObject({ id: uuidSchema, name: z.string(), monthly_limit: moneySchema, created_at: momentSchema })
  .openapi('Group');
const membershipSchema = z
  .strictObject({ user_id: uuidSchema, role: groupRoleSchema })
  .openapi('GroupMember');

const groupJson = (group: Group) => ({
  id: group.id,
  name: group.name,
  monthly_limit: dollarsText(group.monthlyLimitNano),
  created_at: group.createdAt.toISOString(),
});
const membershipJson = (membership: GroupMembership) => ({
  user_id: membership.userId,
  role: membership.role,
});

const groupsOf = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/group',
    summary: 'The groups of the organization.',
    access: 'management',
    query: pageQuery,
    answers: { 200: listOf(groupSchema) },
    errors: [],
    handle: ({ caller, org, query }) =>
      listPage(query, (page) => listGroups(deps, caller, org, page), groupJson),
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/group',
    summary: 'Makes a group. Admins only.',
    access: 'management',
    event: 'group.created',
    body: z.strictObject({ name: nameSchema, monthly_limit: moneyInSchema.optional() }),
    answers: { 201: z.strictObject({ group_id: uuidSchema }) },
    errors: [409],
    handle: async ({ caller, org, body }) => ({
      status: 201,
      body: {
        group_id: await createGroup(deps, caller, org, {
          name: body.name,
          monthlyLimitNano: nanoOf(body.monthly_limit ?? 0, 'monthly_limit'),
        }),
      },
    }),
  }),
  endpoint({
    method: 'get',
    path: '/v1/manage/group/{id}',
    summary: 'A group and its members.',
    access: 'management',
    answers: { 200: groupSchema.extend({ members: z.array(membershipSchema) }) },
    errors: [404],
    handle: async ({ caller, org, params }) => {
      const { group, members } = await readGroup(deps, caller, org, idOf(params));
      return { status: 200, body: { ...groupJson(group), members: members.map(membershipJson) } };
    },
  }),
  endpoint({
    method: 'delete',
    path: '/v1/manage/group/{id}',
    summary: 'Deletes a group; its keys stay, without a group. Admins only.',
    access: 'management',
    event: 'group.deleted',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, org, params }) => {
      await removeGroup(deps, caller, org, idOf(params));
      return { status: 204 };
    },
  }),
];

const membersOf = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/v1/manage/group/{id}/member',
    summary: 'Puts a user into a group. Admins and the admins of the group.',
    access: 'management',
    event: 'group.member_added',
    body: z.strictObject({ user_id: uuidSchema, role: groupRoleSchema }),
    answers: { 201: membershipSchema },
    errors: [404, 409],
    handle: async ({ caller, org, body, params }) => ({
      status: 201,
      body: membershipJson(
        await addGroupMember(deps, caller, org, {
          groupId: idOf(params),
          userId: body.user_id,
          role: body.role,
        }),
      ),
    }),
  }),
  endpoint({
    method: 'put',
    path: '/v1/manage/group/{id}/member',
    summary: 'Gives a member of a group another role in it. Admins and the admins of the group.',
    access: 'management',
    event: 'group.member_added',
    body: z.strictObject({ user_id: uuidSchema, role: groupRoleSchema }),
    answers: { 200: membershipSchema },
    errors: [404],
    handle: async ({ caller, org, body, params }) => ({
      status: 200,
      body: membershipJson(
        await assignGroupRole(deps, caller, org, {
          groupId: idOf(params),
          userId: body.user_id,
          role: body.role,
        }),
      ),
    }),
  }),
  endpoint({
    method: 'delete',
    path: '/v1/manage/group/{id}/member',
    summary: 'Takes a user out of a group. Admins and the admins of the group.',
    access: 'management',
    event: 'group.member_removed',
    body: z.strictObject({ user_id: uuidSchema }),
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, org, body, params }) => {
      await removeGroupMember(deps, caller, org, { groupId: idOf(params), userId: body.user_id });
      return { status: 204 };
    },
  }),
];

export const groupEndpoints = (deps: Deps): Endpoint[] => [...groupsOf(deps), ...membersOf(deps)];
