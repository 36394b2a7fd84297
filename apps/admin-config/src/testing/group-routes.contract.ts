import { type RouteTable, said } from './stage.contract.js';

const group = '/v1/manage/group';
const forbidden = 'caller.forbidden';
const missing = 'caller.not_found';
const invalid = 'caller.invalid_value';

/** Routes about groups and who is in them. */
export const groupRoutes: RouteTable = {
  [`POST ${group}`]: (stage) => {
    const call = { path: group, body: { name: `${said}-new`, monthly_limit: '1.5' }, target: 'group' };
    return { refused: [{ ...call, by: stage.org.member, refusal: forbidden }], success: call };
  },
  [`DELETE ${group}/{id}`]: (stage) => {
    const call = (id: string) => ({ path: `${group}/${id}`, target: `group/${id}` });
    return {
      refused: [
        { ...call(stage.groupId), by: stage.org.member, refusal: forbidden },
        { ...call(stage.otherGroupId), refusal: missing },
      ],
      success: { ...call(stage.groupId), before: { members: 0, api_keys: 0 } },
    };
  },
  [`POST ${group}/{id}/member`]: (stage) => {
    const call = (id: string, userId: string) => ({
      path: `${group}/${id}/member`,
      body: { user_id: userId, role: 'member' },
      target: `group/${id}`,
      after: { user_id: userId, role: 'member' },
    });
    const { person, other } = stage;
    return {
      refused: [
        { ...call(stage.groupId, person.userId), by: person, refusal: forbidden },
        { ...call(stage.otherGroupId, person.userId), refusal: missing },
        {
          path: `${group}/${stage.groupId}/member`,
          body: { user_id: other.member.userId, role: 'member' },
          target: `user/${other.member.userId}`,
          refusal: invalid,
        },
      ],
      success: call(stage.groupId, person.userId),
    };
  },
  [`PUT ${group}/{id}/member`]: (stage) => {
    const { person, org } = stage;
    const path = `${group}/${stage.groupId}/member`;
    const call = {
      ...{ path, target: `group/${stage.groupId}`, body: { user_id: person.userId, role: 'admin' } },
      after: { user_id: person.userId, role: 'admin' },
    };
    const body = { user_id: person.userId, role: 'member' };
    return {
      refused: [{ ...call, by: org.auditor, refusal: forbidden }],
      first: (world) => world.call('POST', path, { token: org.admin.token, body }),
      success: { ...call, before: { role: 'member' } },
    };
  },
  [`DELETE ${group}/{id}/member`]: (stage) => {
    const { person, org } = stage;
    const path = `${group}/${stage.groupId}/member`;
    const call = {
      ...{ path, target: `group/${stage.groupId}`, body: { user_id: person.userId } },
      after: { user_id: person.userId },
    };
    const body = { user_id: person.userId, role: 'member' };
    return {
      refused: [{ ...call, by: org.auditor, refusal: forbidden }],
      first: (world) => world.call('POST', path, { token: org.admin.token, body }),
      success: { ...call, before: { role: 'member' } },
    };
  },
};
