-- Telemetry at rest. The types are bounded, so that no column can hold text somebody wrote freely.
create domain usage.identifier as text check (value ~ '^[A-Za-z0-9._:-]{0,64}$');
create domain usage.model_name as text check (value ~ '^[A-Za-z0-9._:@/-]{0,128}$');
create domain usage.term as text check (value ~ '^[a-z][a-z_.]{0,63}$');
create domain usage.quantity as bigint check (value >= 0);

create table usage.event (
  insight_id uuid primary key,
  occurred_at_ms usage.quantity not null,
  org_id uuid,
  group_id uuid,
  api_key_id uuid,
  user_id usage.identifier not null,
  trace_id usage.identifier not null,
  tags usage.identifier[] not null check (cardinality(tags) <= 8),
  extra_keys usage.identifier[] not null check (cardinality(extra_keys) <= 8),
  extra_values usage.identifier[] not null check (cardinality(extra_values) = cardinality(extra_keys)),
  model_requested usage.model_name not null,
  model_used usage.model_name not null,
  model_version usage.model_name not null,
  provider_used usage.identifier not null,
  provider_region usage.identifier not null,
  deployment_region usage.identifier not null,
  dialect usage.term not null,
  endpoint usage.term not null,
  streaming boolean not null,
  byok boolean not null,
  attempts usage.quantity not null,
  fallback_index usage.quantity not null,
  outcome usage.term not null,
  status_code usage.quantity not null,
  finish_reason usage.term not null,
  error_type usage.term not null,
  failure_point usage.term not null,
  tokens_input usage.quantity not null,
  tokens_output usage.quantity not null,
  tokens_cached usage.quantity not null,
  tokens_cache_write usage.quantity not null,
  tokens_reasoning usage.quantity not null,
  usage_source usage.term not null,
  bytes_request usage.quantity not null,
  bytes_response usage.quantity not null,
  fields_dropped usage.quantity not null,
  priced boolean not null,
  cost_provider_nanos usage.quantity not null,
  cost_router_nanos usage.quantity not null,
  latency_ms_provider usage.quantity not null,
  latency_ms_total usage.quantity not null,
  time_to_first_token_ms usage.quantity not null,
  compression_ratio_permille usage.quantity not null,
  throughput_tokens_per_second usage.quantity not null,
  policy_version usage.quantity not null,
  retention_decision usage.term not null,
  retention_reason usage.term not null,
  ingested_at timestamptz not null default now()
) partition by range (insight_id);

create index event_by_org on usage.event (org_id, insight_id);
create index event_by_api_key on usage.event (api_key_id, insight_id);

create table usage.event_default partition of usage.event default;

alter table usage.event enable row level security;
alter table usage.event force row level security;
alter table usage.event_default enable row level security;
alter table usage.event_default force row level security;

-- lethe_owner reads only as the owner of payload.readable, under the same setting.
create policy read_own_org on usage.event for select to lethe_accounting_r, lethe_owner
  using (org_id = usage.current_org());
create policy read_unrecognised on usage.event for select to lethe_accounting_r
  using (org_id is null and usage.is_operator());
create policy write_telemetry on usage.event for insert to lethe_telemetry_w with check (true);
create policy move_between_partitions on usage.event_default for all to lethe_owner using (true) with check (true);

grant insert on usage.event to lethe_telemetry_w;
grant select on usage.event to lethe_accounting_r;

-- The lowest UUIDv7 of a moment.
create function usage.insight_floor(p_at timestamptz) returns uuid
language sql immutable
set search_path = pg_catalog
as $$
  select (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-0000-0000-000000000000')::uuid
  from (select lpad(to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0') as h) as hex
$$;

-- Makes the partition of one UTC month and moves rows there that the default partition caught meanwhile.
create function usage.create_month(p_month date) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
set timezone = 'UTC'
as $$
declare
  v_first timestamptz := date_trunc('month', p_month::timestamptz);
  v_from uuid := usage.insight_floor(v_first);
  v_to uuid := usage.insight_floor(v_first + interval '1 month');
  v_name text := 'event_' || to_char(v_first, 'YYYY_MM');
begin
  perform pg_advisory_xact_lock(76, 1);
  if to_regclass('usage.' || v_name) is not null then return false; end if;
  lock table usage.event_default in access exclusive mode;
  execute format('create table usage.%I (like usage.event including defaults including constraints)', v_name);
  execute format(
    'with moved as (delete from usage.event_default where insight_id >= %L and insight_id < %L returning *)
     insert into usage.%I select * from moved', v_from, v_to, v_name);
  execute format('alter table usage.event attach partition usage.%I for values from (%L) to (%L)', v_name, v_from, v_to);
  execute format('alter table usage.%I enable row level security', v_name);
  execute format('alter table usage.%I force row level security', v_name);
  return true;
end $$;

-- This month and the ones after it; returns how many were made.
create function usage.create_months_ahead(p_months integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog
set timezone = 'UTC'
as $$
declare
  v_made integer := 0;
begin
  for i in 0..least(greatest(p_months, 0), 12) loop
    if usage.create_month((date_trunc('month', now()) + make_interval(months => i))::date) then
      v_made := v_made + 1;
    end if;
  end loop;
  return v_made;
end $$;

create table usage.consumer_offset (
  topic text not null check (topic ~ '^[a-z0-9.]{1,100}$'),
  part integer not null check (part >= 0),
  next_offset bigint not null check (next_offset >= 0),
  primary key (topic, part)
);
grant select, insert, update (next_offset) on usage.consumer_offset to lethe_telemetry_w;
grant select on usage.consumer_offset to lethe_accounting_r;

-- A record that was not kept, by reference: its bytes stay only where they are.
create table usage.ingest_reject (
  topic text not null check (topic ~ '^[a-z0-9.]{1,100}$'),
  part integer not null check (part >= 0),
  record_offset bigint not null check (record_offset >= 0),
  ordinal integer not null check (ordinal >= 0),
  size_bytes integer not null check (size_bytes >= 0),
  code usage.term not null,
  hmac bytea not null check (octet_length(hmac) = 32),
  first_seen timestamptz not null default now(),
  primary key (topic, part, record_offset, ordinal)
);
create index ingest_reject_by_code on usage.ingest_reject (topic, code);
grant insert on usage.ingest_reject to lethe_telemetry_w;
grant select (topic, code) on usage.ingest_reject to lethe_accounting_r;

-- A reference is of use only while its topic still holds the record.
create function usage.drop_old_rejects(p_older_than interval) returns bigint
language sql volatile security definer
set search_path = pg_catalog
as $$
  with dropped as (delete from usage.ingest_reject where first_seen < now() - p_older_than returning 1)
  select count(*) from dropped
$$;

revoke execute on all functions in schema usage from public;
grant execute on function usage.create_months_ahead(integer), usage.drop_old_rejects(interval)
to lethe_accounting_control;
select usage.create_months_ahead(2);
