import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import type { Cluster } from './cluster.js';

/** Fixed ids, so that attempts can name them. */
export const ids = {
  zdrOrg: '01990000-0000-7000-8000-00000000000a',
  openOrg: '01990000-0000-7000-8000-00000000000b',
  zdrUser: '01990000-0000-7000-8000-0000000000a1',
  openUser: '01990000-0000-7000-8000-0000000000b1',
  zdrKey: '01990000-0000-7000-8000-0000000000a2',
  openKey: '01990000-0000-7000-8000-0000000000b2',
  openGroup: '01990000-0000-7000-8000-0000000000b3',
  openTransit: '01990000-0000-7000-8000-0000000000b4',
  zdrTransit: '01990000-0000-7000-8000-0000000000a4',
  zdrInsight: '01990000-0000-7000-8000-0000000000a5',
  openInsight: '01990000-0000-7000-8000-0000000000b5',
  event: '01990000-0000-7000-8000-0000000000a6',
  fresh: '01990000-0000-7000-8000-0000000000ff',
} as const;

export const bytes = (n: number, value = 7): string => `decode(repeat('0${value}', ${n}), 'hex')`;
export const eventBody = `{"id":"${ids.event}"}`;

const seedConfig = (sql: postgres.Sql) =>
  sql.begin(async (tx) => {
    const { zdrOrg, openOrg, zdrUser, openUser, zdrKey, openKey, openGroup, openTransit, event } = ids;
    await tx.unsafe(`
      insert into config.organization (id, slug, name, user_pseudonym_key, created_at) values
        ('${zdrOrg}', 'sealed', 'Sealed', ${bytes(32)}, now()), ('${openOrg}', 'open', 'Open', ${bytes(32)}, now());
      insert into config.app_user (id, org_id, name, role, created_at) values
        ('${zdrUser}', '${zdrOrg}', 'u', 'admin', now()), ('${openUser}', '${openOrg}', 'u', 'admin', now());
      insert into config.user_group (id, org_id, name, created_at) values ('${openGroup}', '${openOrg}', 'g', now());
      insert into config.api_key (id, org_id, owner_user_id, name, logging, created_at) values
        ('${zdrKey}', '${zdrOrg}', '${zdrUser}', 'k', false, now()),
        ('${openKey}', '${openOrg}', '${openUser}', 'k', true, now());
      insert into config.api_key_secret (sha256, api_key_id, created_at) values
        (${bytes(32, 1)}, '${zdrKey}', now()), (${bytes(32, 2)}, '${openKey}', now());
      insert into config.transit_key (transit_key_id, org_id, public_key, current, config_version, created_at)
        values ('${openTransit}', '${openOrg}', ${bytes(32)}, true, 1, now());
      update config.config_version set version = version + 1;
      update config.organization set zdr_enabled_at = now(), zdr_version = 1, zdr_keys_forced_off = 1,
        zdr_event_id = '${event}', default_logging = false, allow_logging_change = false where id = '${zdrOrg}';
      insert into config.outbox (config_version, ordinal, event_id, destination, method, org_id, body, created_at)
        values (1, 0, '${event}', 'audit', 'append', '${zdrOrg}', '${eventBody}', now());
      insert into config.zdr_tombstone (org_id, enabled_at, event_id, detected_at)
        values ('${zdrOrg}', now(), '${event}', now());
      select config.grant_lease('router-1', ${bytes(16)}, 1);
      insert into config.zdr_guard (reason, seen_version, raised_at) values ('router_ahead', 1000, now());`);
  });

const telemetryColumns = `insight_id, occurred_at_ms, org_id, api_key_id, user_id, trace_id, tags, extra_keys,
  extra_values, model_requested, model_used, model_version, provider_used, provider_region, deployment_region, dialect,
  endpoint, streaming, byok, attempts, fallback_index, outcome, status_code, finish_reason, error_type, failure_point,
  tokens_input, tokens_output, tokens_cached, tokens_cache_write, tokens_reasoning, usage_source, bytes_request,
  bytes_response, fields_dropped, priced, cost_provider_nanos, cost_router_nanos, latency_ms_provider,
  latency_ms_total, time_to_first_token_ms, compression_ratio_permille, throughput_tokens_per_second, policy_version,
  retention_decision, retention_reason`;

interface TelemetryRow {
  readonly insight: string;
  readonly org: string;
  readonly key: string;
  readonly tags?: string;
  readonly model?: string;
  readonly outcome?: string;
}

/** A row of telemetry as a statement; tags and names as the caller of this wants them. */
export const telemetryRow = ({ insight, org, key, tags, model, outcome }: TelemetryRow): string =>
  `insert into usage.event (${telemetryColumns}) values ('${insight}', 0, '${org}', '${key}', 'u', 't',
    ${tags ?? "'{}'"}, '{}', '{}', '${model ?? 'm'}', 'm', 'v', 'p', 'r', 'r', 'openai', 'chat', false, false, 1, 0,
    '${outcome ?? 'success'}', 200, 'stop', 'none', 'none', 1, 1, 0, 0, 0, 'provider', 1, 1, 0, true, 1, 1, 1, 1, 1, 0,
    0, 1, 'payload', 'granted')`;

/** One payload by the only way in. */
export const putPayload = (org: string, insight: string, key: string, transit: string): string =>
  `select payload.put('${org}', '${insight}', '${key}', ${bytes(40)}, 1, ${bytes(12)}, ${bytes(64)}, 1, '${transit}')`;

/** Both organizations logged once; then one of them was sealed. */
const seedAccounting = async (cluster: Cluster): Promise<void> => {
  const control = cluster.connect('lethe_accounting_control');
  const payload = cluster.connect('lethe_payload_w');
  const telemetry = cluster.connect('lethe_telemetry_w');
  await control.unsafe(`select ingest.replace_transit_keys(${bytes(16, 0)}, ${bytes(16)}, '{}', '{}')`);
  const parties = [
    { org: ids.zdrOrg, key: ids.zdrKey, transit: ids.zdrTransit, insight: ids.zdrInsight },
    { org: ids.openOrg, key: ids.openKey, transit: ids.openTransit, insight: ids.openInsight },
  ];
  for (const { org, key, transit, insight } of parties) {
    await control.unsafe(`select ingest.open_org('${org}')`);
    await control.unsafe(`select ingest.put_api_key('${key}', '${org}', null, true, 1)`);
    await control.unsafe(`select ingest.put_at_rest_key('${org}', 1, ${bytes(40)})`);
    await control.unsafe(
      `select ingest.put_transit_key('${org}', '${transit}', ${bytes(32)}, ${bytes(48)}, ${bytes(16)})`,
    );
    await payload.unsafe(putPayload(org, insight, key, transit));
    await telemetry.unsafe(telemetryRow({ insight, org, key }));
  }
  await control.unsafe(`select ingest.put_api_key('${ids.zdrKey}', '${ids.zdrOrg}', null, false, 2)`);
  await sealOrg(control, ids.zdrOrg, 1);
  await Promise.all([control, payload, telemetry].map((sql) => sql.end()));
};

/** Seals as accounting does. */
export const sealOrg = (control: postgres.Sql, org: string, version: number) =>
  control.unsafe(`select ingest.seal_org('${org}', ${version})`);

const sha256 = (...parts: readonly (string | Buffer)[]): string =>
  createHash('sha256')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
    .digest('hex');

export const emptyRoot = sha256('');
export const firstRoot = sha256(Buffer.from([0]), eventBody);

/** Appends one event to a log of that size; the arguments are SQL. */
export const appendEvent = (size: number, root: string, newRoot: string, id: string = ids.event): string =>
  `select audit.append_batch(${size}, '\\x${root}', array['${id}']::uuid[], array['${ids.zdrOrg}']::uuid[],
    '${eventBody}', array[octet_length('${eventBody}')], array['zdr.enabled'], array[1.0]::double precision[], array['a'],
    array['organization'], array['${ids.zdrOrg}'], array['success'], '\\x${newRoot}', 'a note')`;

/** Fills every database with a ZDR organization and one that logs. */
export const seed = async (cluster: Cluster): Promise<void> => {
  await seedConfig(cluster.superuser.config);
  await seedAccounting(cluster);
  const audit = cluster.connect('lethe_audit_append');
  await audit.unsafe(appendEvent(0, emptyRoot, firstRoot));
  await audit.end();
  const router = cluster.connect('lethe_router_log');
  await router.unsafe(
    `select event_log.append_insight('lethe.insight.payload.v1', array[null]::bytea[], array['sealed']::bytea[], array[null]::bytea[])`,
  );
  await router.end();
  const objects = cluster.connect('lethe_router_objects');
  await objects.unsafe('begin');
  await objects.unsafe("select object_store.open_put('a', 1)");
  await objects.unsafe("select object_store.put_piece('a', 0, 'x')");
  await objects.unsafe('commit');
  await objects.end();
};
