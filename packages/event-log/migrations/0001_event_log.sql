-- The event log in Postgres: four topics with one partition each.
--
-- Order. append_records takes the topic's row lock while it assigns offsets and holds it until its transaction ends.
-- So offsets are dense, they become visible in the order of their numbers, and a rollback gives its numbers back: a
-- reader that asks for "offset > last" can never step over a row that commits later. A sequence cannot promise that:
-- it hands out numbers before the commit.
--
-- Rights. Runtime roles see neither table. Each has EXECUTE on the functions of its family and direction, which run as
-- the owner; the internal functions are the owner's alone.

do $$
declare
  name text;
begin
  foreach name in array array['lethe_owner', 'lethe_router_log', 'lethe_accounting_log', 'lethe_audit_log', 'lethe_ops_log']
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
  end loop;
end $$;

create schema if not exists event_log authorization lethe_owner;
set local role lethe_owner;

create table event_log.topic (
  name text primary key,
  family text not null check (family in ('insight', 'audit')),
  max_batch_bytes integer not null,
  retention interval,
  next_offset bigint not null default 0
) with (fillfactor = 50);

create table event_log.record (
  topic text not null references event_log.topic (name),
  record_offset bigint not null,
  stored_at timestamptz not null,
  key bytea,
  value bytea not null,
  headers bytea,
  primary key (topic, record_offset)
);
-- Ciphertext does not shrink.
alter table event_log.record alter column value set storage external;
create index record_age on event_log.record (topic, stored_at);

insert into event_log.topic (name, family, max_batch_bytes, retention) values
  ('lethe.insight.telemetry.v1', 'insight', 65536, '7 days'),
  ('lethe.insight.payload.v1', 'insight', 1048576, '1 hour'),
  ('lethe.audit.events.v1', 'audit', 65536, null),
  ('lethe.audit.checkpoints.v1', 'audit', 65536, null);

-- Errors name nothing of what was sent: EL001 unknown topic, EL002 too large.
create function event_log.append_records(p_family text, p_topic text, p_keys bytea[], p_values bytea[], p_headers bytea[])
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  first_offset bigint;
  limit_bytes integer;
  size bigint;
begin
  select coalesce(sum(octet_length(v)), 0) into size from unnest(p_values) as v;
  update event_log.topic set next_offset = next_offset + cardinality(p_values)
    where name = p_topic and family = p_family
    returning next_offset - cardinality(p_values), max_batch_bytes into first_offset, limit_bytes;
  if not found then
    raise exception 'unknown topic' using errcode = 'EL001';
  end if;
  if size > limit_bytes then
    raise exception 'record too large' using errcode = 'EL002';
  end if;
  insert into event_log.record (topic, record_offset, stored_at, key, value, headers)
    select p_topic, first_offset + r.n - 1, clock_timestamp(), r.key, r.value, r.headers
    from rows from (unnest(p_keys), unnest(p_values), unnest(p_headers)) with ordinality as r (key, value, headers, n);
  perform pg_notify('lethe_event_log', p_topic);
  return first_offset;
end $$;

-- One reader per topic and group: held until the session ends, and free for the next one then.
create function event_log.claim_group(p_family text, p_topic text, p_group text)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from event_log.topic where name = p_topic and family = p_family) then
    raise exception 'unknown topic' using errcode = 'EL001';
  end if;
  return pg_try_advisory_lock(hashtextextended(p_topic || chr(1) || p_group, 77));
end $$;

create function event_log.topic_bounds(p_family text, p_topic text, out earliest_offset bigint, out next_offset bigint)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((select min(r.record_offset) from event_log.record r where r.topic = t.name), t.next_offset), t.next_offset
  from event_log.topic t where t.name = p_topic and t.family = p_family
$$;

-- At most p_limit records and about p_max_bytes of values; always at least one record if there is one.
create function event_log.read_records(p_family text, p_topic text, p_from bigint, p_limit integer, p_max_bytes integer)
returns table (record_offset bigint, stored_at_ms bigint, key bytea, value bytea, headers bytea)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select s.record_offset, (extract(epoch from s.stored_at) * 1000)::bigint, s.key, s.value, s.headers
  from (
    select r.*, sum(octet_length(r.value)) over (order by r.record_offset) - octet_length(r.value) as bytes_before
    from (
      select c.* from event_log.record c
      where c.topic = p_topic and c.record_offset >= p_from
        and exists (select from event_log.topic t where t.name = p_topic and t.family = p_family)
      order by c.record_offset limit p_limit
    ) r
  ) s
  where s.bytes_before < p_max_bytes
  order by s.record_offset
$$;

create function event_log.append_insight(p_topic text, p_keys bytea[], p_values bytea[], p_headers bytea[])
returns bigint language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select event_log.append_records('insight', p_topic, p_keys, p_values, p_headers) $$;

create function event_log.append_audit(p_topic text, p_keys bytea[], p_values bytea[], p_headers bytea[])
returns bigint language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select event_log.append_records('audit', p_topic, p_keys, p_values, p_headers) $$;

create function event_log.claim_insight(p_topic text, p_group text)
returns boolean language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select event_log.claim_group('insight', p_topic, p_group) $$;

create function event_log.claim_audit(p_topic text, p_group text)
returns boolean language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select event_log.claim_group('audit', p_topic, p_group) $$;

create function event_log.bounds_insight(p_topic text, out earliest_offset bigint, out next_offset bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from event_log.topic_bounds('insight', p_topic) $$;

create function event_log.bounds_audit(p_topic text, out earliest_offset bigint, out next_offset bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from event_log.topic_bounds('audit', p_topic) $$;

create function event_log.read_insight(p_topic text, p_from bigint, p_limit integer, p_max_bytes integer)
returns table (record_offset bigint, stored_at_ms bigint, key bytea, value bytea, headers bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from event_log.read_records('insight', p_topic, p_from, p_limit, p_max_bytes) $$;

create function event_log.read_audit(p_topic text, p_from bigint, p_limit integer, p_max_bytes integer)
returns table (record_offset bigint, stored_at_ms bigint, key bytea, value bytea, headers bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from event_log.read_records('audit', p_topic, p_from, p_limit, p_max_bytes) $$;

-- Removes what is older than its topic's retention, oldest first, and returns how many. Topics without retention keep all.
create function event_log.delete_expired_insights(p_limit integer)
returns bigint language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  deleted bigint;
begin
  with expired as (
    select r.topic, r.record_offset
    from event_log.topic t join event_log.record r on r.topic = t.name
    where t.family = 'insight' and r.stored_at < clock_timestamp() - t.retention
    order by r.stored_at limit p_limit
  )
  delete from event_log.record r using expired e where r.topic = e.topic and r.record_offset = e.record_offset;
  get diagnostics deleted = row_count;
  return deleted;
end $$;

revoke execute on all functions in schema event_log from public;
grant usage on schema event_log to lethe_router_log, lethe_accounting_log, lethe_audit_log, lethe_ops_log;
grant execute on function event_log.append_insight(text, bytea[], bytea[], bytea[]) to lethe_router_log;
grant execute on function
  event_log.claim_insight(text, text),
  event_log.bounds_insight(text),
  event_log.read_insight(text, bigint, integer, integer),
  event_log.delete_expired_insights(integer)
  to lethe_accounting_log;
grant execute on function event_log.append_audit(text, bytea[], bytea[], bytea[]) to lethe_audit_log;
grant execute on function
  event_log.claim_audit(text, text),
  event_log.bounds_audit(text),
  event_log.read_audit(text, bigint, integer, integer)
  to lethe_audit_log, lethe_ops_log;
