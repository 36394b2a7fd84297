// What a caller may try against ZDR: a closed code, an exact status, one event, and no table changes.

export type Who =
  | 'admin'
  | 'member'
  | 'auditor'
  | 'groupAdmin'
  | 'stranger'
  | 'operator'
  | 'nobody'
  | 'revoked';
export interface BadInputRow {
  readonly what: string;
  readonly who: Who;
  readonly call: readonly [method: string, path: string, body?: unknown];
  readonly answer: readonly [status: number, type: string, code: string];
  /** What the event of the refusal says was attempted; undefined: a caller unknown to us leaves none. */
  readonly attempted: string | undefined;
}

export const zdrPath = '/v1/manage/org/zdr';
const irrevocable = [403, 'org_policy', 'zdr_irrevocable'] as const;
const forbidden = [403, 'caller', 'forbidden'] as const;
const unknownField = [400, 'caller', 'unknown_field'] as const;
const noMethod = [405, 'caller', 'method_not_allowed'] as const;

/** Fields that look as if they could switch ZDR off. */
const switches: readonly Readonly<Record<string, unknown>>[] = [
  { zdr: false },
  { zdr: null },
  { zdr_enabled_at: null },
  { zdr_version: null },
  { zdrEnabledAt: null },
  { zero_data_retention: false },
  { data_retention: 'full' },
  { data_collection: 'allow' },
  { disable_zdr: true },
  { lockdown: false },
  { zdr_override: true },
  { retention: { zdr: false } },
  { logging_override: true },
];

const row = (
  what: string,
  who: Who,
  call: BadInputRow['call'],
  [answer, attempted]: readonly [BadInputRow['answer'], string | undefined],
): BadInputRow => ({ what, who, call, answer, attempted });

const enabling = (answer: BadInputRow['answer'], who: Who, what: string, body: unknown): BadInputRow =>
  row(what, who, ['POST', zdrPath, body], [answer, 'zdr.enabled']);

export const badInputRows: readonly BadInputRow[] = [
  enabling([400, 'caller', 'confirmation_mismatch'], 'admin', 'a wrong confirmation', { confirm: 'SEALED' }),
  enabling([400, 'caller', 'confirmation_mismatch'], 'admin', 'an empty confirmation', { confirm: '' }),
  enabling([400, 'caller', 'confirmation_mismatch'], 'admin', 'the name of another', { confirm: 'other' }),
  enabling(forbidden, 'member', 'a member who confirms', { confirm: 'sealed' }),
  enabling(forbidden, 'groupAdmin', 'a group admin who confirms', { confirm: 'sealed' }),
  enabling(forbidden, 'auditor', 'an auditor who confirms', { confirm: 'sealed' }),
  enabling(forbidden, 'operator', 'the operator, who is of no organization', { confirm: 'sealed' }),
  enabling([400, 'caller', 'confirmation_mismatch'], 'stranger', 'an admin of elsewhere', {
    confirm: 'sealed',
  }),
  ...switches.map((body) =>
    enabling(unknownField, 'admin', `ZDR with ${JSON.stringify(body)}`, { confirm: 'sealed', ...body }),
  ),
  ...['DELETE', 'PUT', 'PATCH'].flatMap((method) =>
    (['admin', 'member', 'auditor', 'stranger'] as const).map((who) =>
      row(`${method} on ZDR`, who, [method, zdrPath, { confirm: 'sealed' }], [noMethod, 'zdr.enabled']),
    ),
  ),
  row('no token on ZDR', 'nobody', ['DELETE', zdrPath], [noMethod, undefined]),
  row('a revoked token on ZDR', 'revoked', ['DELETE', zdrPath], [noMethod, undefined]),
  row(
    'a revoked token enables',
    'revoked',
    ['POST', zdrPath, { confirm: 'sealed' }],
    [[401, 'caller', 'invalid_token'], undefined],
  ),
  row(
    'logging of a key',
    'admin',
    ['PATCH', '/v1/manage/apikey/{key}', { logging: true }],
    [irrevocable, 'logging.enabled'],
  ),
  row(
    'logging of the own key',
    'member',
    ['PATCH', '/v1/manage/apikey/{memberKey}', { logging: true }],
    [irrevocable, 'logging.enabled'],
  ),
  row(
    'debug of a key',
    'admin',
    ['PATCH', '/v1/manage/apikey/{key}', { debug: true }],
    [irrevocable, 'apikey.updated'],
  ),
  row(
    'logging beside a new name',
    'admin',
    ['PATCH', '/v1/manage/apikey/{key}', { name: 'n', logging: true }],
    [irrevocable, 'logging.enabled'],
  ),
  row(
    'debug on, logging off',
    'admin',
    ['PATCH', '/v1/manage/apikey/{key}', { logging: false, debug: true }],
    [irrevocable, 'apikey.updated'],
  ),
  row(
    'logging of a key elsewhere',
    'admin',
    ['PATCH', '/v1/manage/apikey/{otherKey}', { logging: true }],
    [[404, 'caller', 'not_found'], 'apikey.updated'],
  ),
  row(
    'logging of this key from elsewhere',
    'stranger',
    ['PATCH', '/v1/manage/apikey/{key}', { logging: true }],
    [[404, 'caller', 'not_found'], 'apikey.updated'],
  ),
  row(
    'logging by an auditor',
    'auditor',
    ['PATCH', '/v1/manage/apikey/{key}', { logging: true }],
    [forbidden, 'logging.enabled'],
  ),
  row(
    'all keys at once',
    'admin',
    ['PATCH', '/v1/manage/apikey', { logging: true }],
    [noMethod, 'apikey.created'],
  ),
  row(
    'all keys replaced',
    'admin',
    ['PUT', '/v1/manage/apikey', [{ id: 'x', logging: true }]],
    [noMethod, 'apikey.created'],
  ),
  row(
    'rotation with logging',
    'admin',
    ['POST', '/v1/manage/apikey/{key}/rotate', { logging: true }],
    [unknownField, 'apikey.rotated'],
  ),
  row(
    'a limit with logging',
    'admin',
    ['POST', '/v1/manage/apikey/{key}/limit', { monthly_limit: 1, logging: true }],
    [unknownField, 'apikey.updated'],
  ),
  row(
    'labels with logging',
    'admin',
    ['POST', '/v1/manage/apikey/{key}/label', { labels: {}, logging: true }],
    [unknownField, 'apikey.updated'],
  ),
  row(
    'an expiry with logging',
    'admin',
    ['POST', '/v1/manage/apikey/{key}/expiry', { expires_at: null, logging: true }],
    [unknownField, 'apikey.updated'],
  ),
  row(
    'a new key that logs',
    'admin',
    ['POST', '/v1/manage/apikey', { name: 'k', logging: true }],
    [irrevocable, 'apikey.created'],
  ),
  row(
    'a new key with debug',
    'admin',
    ['POST', '/v1/manage/apikey', { name: 'k', debug: true }],
    [unknownField, 'apikey.created'],
  ),
  row(
    "a member's new key that logs",
    'member',
    ['POST', '/v1/manage/apikey', { name: 'k', logging: true }],
    [irrevocable, 'apikey.created'],
  ),
  row(
    'a key imported to log',
    'admin',
    ['POST', '/v1/manage/apikey/import', { name: 'k', sha256: 'ab'.repeat(32), logging: true }],
    [irrevocable, 'apikey.imported'],
  ),
  row(
    'this key imported elsewhere',
    'stranger',
    ['POST', '/v1/manage/apikey/import', { name: 'k', sha256: '{sha256}', logging: true }],
    [[409, 'caller', 'conflict'], 'apikey.imported'],
  ),
  row(
    "the operator's new key that logs",
    'operator',
    ['POST', '/v1/operator/org/sealed/apikey', { name: 'k', owner_user_id: '{admin}', logging: true }],
    [irrevocable, 'apikey.created'],
  ),
  row(
    'a key of an unknown organization',
    'operator',
    ['POST', '/v1/operator/org/nowhere/apikey', { name: 'k', owner_user_id: '{admin}' }],
    [[404, 'caller', 'not_found'], 'apikey.created'],
  ),
  row(
    'the organization once more',
    'operator',
    ['POST', '/v1/operator/org', { slug: 'sealed', name: 'Again' }],
    [[409, 'caller', 'conflict'], 'org.created'],
  ),
  row(
    'default logging',
    'admin',
    ['PATCH', '/v1/manage/org', { default_logging: true }],
    [irrevocable, 'org.updated'],
  ),
  row(
    'the permission to change logging',
    'admin',
    ['PATCH', '/v1/manage/org', { allow_logging_change: true }],
    [irrevocable, 'org.updated'],
  ),
  row(
    'one off and one on',
    'admin',
    ['PATCH', '/v1/manage/org', { default_logging: false, allow_logging_change: true }],
    [irrevocable, 'org.updated'],
  ),
  row(
    'more of each payload',
    'admin',
    ['PATCH', '/v1/manage/org', { payload_limits: { part_bytes_max: 786_432 } }],
    [irrevocable, 'org.updated'],
  ),
  row(
    'default logging by a member',
    'member',
    ['PATCH', '/v1/manage/org', { default_logging: true }],
    [forbidden, 'org.updated'],
  ),
  ...switches.map((body) =>
    row(
      `settings with ${JSON.stringify(body)}`,
      'admin',
      ['PATCH', '/v1/manage/org', body],
      [unknownField, 'org.updated'],
    ),
  ),
  ...switches.map((body) =>
    row(
      `a key with ${JSON.stringify(body)}`,
      'admin',
      ['PATCH', '/v1/manage/apikey/{key}', { name: 'n', ...body }],
      [unknownField, 'apikey.updated'],
    ),
  ),
  row(
    'the organization replaced',
    'admin',
    ['PUT', '/v1/manage/org', { default_logging: true }],
    [noMethod, 'org.updated'],
  ),
  row('the organization deleted', 'admin', ['DELETE', '/v1/manage/org'], [noMethod, 'org.updated']),
  row(
    'a group that logs',
    'admin',
    ['POST', '/v1/manage/group', { name: 'g2', logging: true }],
    [unknownField, 'group.created'],
  ),
  row(
    'a group changed to log',
    'admin',
    ['PATCH', '/v1/manage/group/{group}', { default_logging: true }],
    [noMethod, 'group.deleted'],
  ),
  row(
    'a member of a group who logs',
    'admin',
    ['PUT', '/v1/manage/group/{group}/member', { user_id: '{admin}', role: 'admin', logging: true }],
    [unknownField, 'group.member_added'],
  ),
  row(
    'a person who logs',
    'admin',
    ['POST', '/v1/manage/org/member', { name: 'p', role: 'admin', logging: true }],
    [unknownField, 'member.added'],
  ),
  row(
    'a registered field for content',
    'admin',
    ['POST', '/v1/manage/field', { key: 'k', type: 'number', logging: true }],
    [unknownField, 'field.registered'],
  ),
];
