import { type RouteTable, said, saidEmail } from './stage.contract.js';

const org = '/v1/manage/org';
const forbidden = 'caller.forbidden';
const missing = 'caller.not_found';

/** Routes about the organization, its people and its fields. */
export const orgRoutes: RouteTable = {
  [`PATCH ${org}`]: (stage) => {
    const target = `organization/${stage.org.id}`;
    const body = { name: said, default_logging: true };
    return {
      refused: [
        {
          ...{ path: org, body, by: stage.org.member, target, refusal: forbidden },
          before: { default_logging: false },
          after: { default_logging: true, name_changed: true },
        },
        {
          ...{ path: org, body: { payload_limits: { part_bytes_max: 4096 } }, by: stage.org.auditor },
          ...{ target, refusal: forbidden },
          before: { payload_part_bytes_max: 32_768 },
          after: { payload_part_bytes_max: 4096 },
        },
      ],
      success: {
        ...{ path: org, body, target },
        before: { default_logging: false, allow_logging_change: true },
        after: { default_logging: true, allow_logging_change: true, name_changed: true },
      },
    };
  },
  [`POST ${org}/zdr`]: (stage) => {
    const target = `organization/${stage.org.id}`;
    const attempt = { path: `${org}/zdr`, target, before: { zdr: false }, after: { zdr: true } };
    return {
      refused: [
        { ...attempt, body: { confirm: stage.org.slug }, by: stage.org.member, refusal: forbidden },
        { ...attempt, body: { confirm: said }, refusal: 'caller.confirmation_mismatch' },
      ],
      success: {
        ...{ path: `${org}/zdr`, body: { confirm: stage.org.slug }, target },
        before: { zdr: false, default_logging: false, allow_logging_change: true },
        after: { zdr: true, default_logging: false, allow_logging_change: false, keys_forced_off: 0 },
      },
    };
  },
  [`POST ${org}/member`]: (stage) => {
    const body = { name: said, role: 'auditor', email: saidEmail };
    const call = { path: `${org}/member`, body, target: 'user', after: { role: 'auditor' } };
    return { refused: [{ ...call, by: stage.org.auditor, refusal: forbidden }], success: call };
  },
  [`PATCH ${org}/member/{user_id}`]: (stage) => {
    const body = { role: 'auditor' };
    const call = (userId: string) => ({
      ...{ path: `${org}/member/${userId}`, body, target: `user/${userId}`, after: { role: 'auditor' } },
    });
    const { admin, member } = stage.org;
    return {
      refused: [
        { ...call(stage.person.userId), by: member, refusal: forbidden },
        { ...call(stage.other.member.userId), refusal: missing },
        { ...call(admin.userId), before: { role: 'admin' }, refusal: 'caller.invalid_value' },
      ],
      success: { ...call(stage.person.userId), before: { role: 'member' } },
    };
  },
  [`DELETE ${org}/member/{user_id}`]: (stage) => {
    const call = (userId: string) => ({ path: `${org}/member/${userId}`, target: `user/${userId}` });
    return {
      refused: [
        { ...call(stage.person.userId), by: stage.org.auditor, refusal: forbidden },
        { ...call(stage.other.member.userId), refusal: missing },
        { ...call(stage.org.admin.userId), before: { role: 'admin' }, refusal: 'caller.invalid_value' },
      ],
      success: {
        ...call(stage.person.userId),
        before: { role: 'member' },
        after: { tokens_revoked: 1, api_keys_revoked: 0 },
      },
    };
  },
  [`DELETE ${org}/member/{user_id}/audit-salt`]: (stage) => {
    const call = (userId: string) => ({
      ...{ path: `${org}/member/${userId}/audit-salt`, target: `user/${userId}` },
    });
    const { person } = stage;
    return {
      refused: [
        { ...call(person.userId), by: person, refusal: forbidden },
        { ...call(stage.other.member.userId), refusal: missing },
      ],
      first: (world) =>
        world.call('PATCH', org, { token: person.token, body: { name: said }, from: '203.0.113.1' }),
      success: { ...call(person.userId), after: { salt_deleted: true } },
    };
  },
  'POST /v1/manage/field': (stage) => {
    const path = '/v1/manage/field';
    const body = { key: 'documented.key', type: 'listed', listed_values: [said] };
    return {
      refused: [
        { path, body, by: stage.org.member, target: `organization/${stage.org.id}`, refusal: forbidden },
      ],
      success: {
        ...{ path, body, target: 'field' },
        after: { key: 'documented.key', type: 'listed', listed_values: 1 },
      },
    };
  },
  'DELETE /v1/manage/field/{key}': (stage) => {
    const path = '/v1/manage/field/documented.key';
    const body = { key: 'documented.key', type: 'number' };
    return {
      refused: [{ path, by: stage.org.member, target: `organization/${stage.org.id}`, refusal: forbidden }],
      first: (world) => world.call('POST', '/v1/manage/field', { token: stage.org.admin.token, body }),
      success: { path, target: 'field', before: { key: 'documented.key', type: 'number', listed_values: 0 } },
    };
  },
};
