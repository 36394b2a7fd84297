import { createHash } from 'node:crypto';
import { type RouteTable, type Stage, said, type Values } from './stage.contract.js';

const apikey = '/v1/manage/apikey';
const forbidden = 'caller.forbidden';
const missing = 'caller.not_found';
const noGroup = { group_id: null, monthly_limit_nano: '0' };
const later = '2031-01-01T00:00:00.000Z';

/** A change of one key: refused to others and to those of another organization. */
const changeOfKey =
  (
    suffix: string,
    body: Values | undefined,
    settings: { readonly before?: Values; readonly after?: Values },
  ) =>
  (stage: Stage) => {
    const call = (id: string) => ({
      path: `${apikey}/${id}${suffix}`,
      target: `api_key/${id}`,
      ...(body === undefined ? {} : { body }),
    });
    return {
      refused: [
        { ...call(stage.keyId), ...settings, by: stage.person, refusal: forbidden },
        { ...call(stage.otherKeyId), refusal: missing },
      ],
      success: { ...call(stage.keyId), ...settings },
    };
  };

const newKey = (path: string, more: Values) => (stage: Stage) => {
  const { org, groupId, otherGroupId } = stage;
  const body = { name: said, ...more };
  const call = { path, body, target: 'api_key' };
  return {
    refused: [
      { ...call, by: org.auditor, refusal: forbidden },
      {
        path,
        body: { ...body, group_id: groupId },
        by: org.member,
        target: `group/${groupId}`,
        refusal: forbidden,
      },
      {
        ...{ path, body: { ...body, group_id: otherGroupId }, target: `group/${otherGroupId}` },
        refusal: 'caller.invalid_value',
      },
    ],
    success: { ...call, after: { logging: false, user_id: org.admin.userId, ...noGroup } },
  };
};

/** Routes about API keys. */
export const keyRoutes: RouteTable = {
  [`POST ${apikey}`]: newKey(apikey, {}),
  [`POST ${apikey}/import`]: (stage) =>
    // Each organization imports another key.
    newKey(`${apikey}/import`, {
      sha256: createHash('sha256')
        .update(said + stage.org.id)
        .digest('hex'),
    })(stage),
  [`PATCH ${apikey}/{id}`]: (stage) => {
    const path = `${apikey}/${stage.keyId}`;
    const target = `api_key/${stage.keyId}`;
    return {
      refused: [
        {
          ...{ path, target, body: { logging: true, name: said }, by: stage.person, refusal: forbidden },
          ...{ attempted: 'logging.enabled', before: { logging: false }, after: { logging: true } },
        },
        {
          ...{ path, target, body: { name: said }, by: stage.person, refusal: forbidden },
          after: { name_changed: false },
        },
        {
          ...{ path: `${apikey}/${stage.otherKeyId}`, body: { debug: true } },
          ...{ target: `api_key/${stage.otherKeyId}`, refusal: missing },
        },
      ],
      success: {
        ...{ path, target, body: { logging: true, debug: true, name: `${said}-2` } },
        before: { debug: false },
        after: { debug: true, name_changed: true },
      },
      also: ['logging.enabled'],
    };
  },
  [`DELETE ${apikey}/{id}`]: changeOfKey('', undefined, {}),
  [`POST ${apikey}/{id}/rotate`]: changeOfKey(
    '/rotate',
    { overlap_seconds: 60 },
    { after: { overlap_seconds: 60 } },
  ),
  [`POST ${apikey}/{id}/limit`]: changeOfKey(
    '/limit',
    { monthly_limit: '2' },
    { before: { monthly_limit_nano: '0' }, after: { monthly_limit_nano: '2000000000' } },
  ),
  [`POST ${apikey}/{id}/label`]: changeOfKey(
    '/label',
    { labels: { [said]: said } },
    { before: { labels: 0 }, after: { labels: 1 } },
  ),
  [`POST ${apikey}/{id}/expiry`]: changeOfKey(
    '/expiry',
    { expires_at: later },
    { before: { expires_at: null }, after: { expires_at: later } },
  ),
};
