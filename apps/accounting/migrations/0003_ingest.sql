-- Layer 3's own evidence. Each table is written by the functions below only.

-- A missing row means refuse. `sealed` is a grow-only set: it can be entered and never left.
create table ingest.org_gate (
  org_id uuid primary key,
  sealed boolean not null default false,
  sealed_version bigint,
  check (sealed = (sealed_version is not null))
);

create function ingest.keep_gate_monotone() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'organizations are permanent' using errcode = 'ZDR01';
  end if;
  if new.org_id <> old.org_id or (old.sealed and (not new.sealed or new.sealed_version is distinct from old.sealed_version)) then
    raise exception 'a sealed organization stays sealed' using errcode = 'ZDR01';
  end if;
  return new;
end $$;
create trigger keep_gate_monotone before update or delete on ingest.org_gate
  for each row execute function ingest.keep_gate_monotone();
create trigger keep_gate_rows before truncate on ingest.org_gate
  for each statement execute function ingest.keep_gate_monotone();
alter table ingest.org_gate enable always trigger keep_gate_monotone;
alter table ingest.org_gate enable always trigger keep_gate_rows;

create table ingest.api_key_copy (
  api_key_id uuid primary key,
  org_id uuid not null,
  group_id uuid,
  logging boolean not null,
  version bigint not null
);
create index api_key_copy_by_org on ingest.api_key_copy (org_id);
alter table ingest.api_key_copy enable row level security;
create policy read_own_org on ingest.api_key_copy for select to lethe_accounting_r using (org_id = usage.current_org());
grant select (api_key_id, org_id, group_id) on ingest.api_key_copy to lethe_accounting_r;

create function ingest.refuse_logging_when_sealed() returns trigger
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  if tg_op = 'UPDATE' and new.org_id <> old.org_id then
    raise exception 'an API key stays with its organization' using errcode = 'ZDR01';
  end if;
  if new.logging and exists (select from ingest.org_gate where org_id = new.org_id and sealed) then
    raise exception 'no API key of a sealed organization logs' using errcode = 'ZDR01';
  end if;
  return new;
end $$;
create trigger refuse_logging_when_sealed before insert or update on ingest.api_key_copy
  for each row execute function ingest.refuse_logging_when_sealed();
alter table ingest.api_key_copy enable always trigger refuse_logging_when_sealed;

-- Private halves, wrapped by a key that is never in the database. UNLOGGED keeps them out of the write-ahead log, its
-- archives and base backups; after a crash the table is empty and accounting makes new pairs.
create unlogged table ingest.transit_key (
  transit_key_id uuid primary key,
  org_id uuid not null,
  public_key bytea not null check (octet_length(public_key) = 32),
  wrapped_private bytea not null check (octet_length(wrapped_private) between 33 and 128),
  wrapped_by bytea not null check (octet_length(wrapped_by) = 16),
  registered boolean not null default false,
  created_at timestamptz not null default now()
);
create index transit_key_by_org on ingest.transit_key (org_id);

create table ingest.at_rest_key (
  org_id uuid not null,
  version integer not null check (version > 0),
  wrapped_key bytea not null check (octet_length(wrapped_key) between 33 and 128),
  created_at timestamptz not null default now(),
  primary key (org_id, version)
);
alter table ingest.at_rest_key enable row level security;
create policy read_own_org on ingest.at_rest_key for select to lethe_accounting_r using (org_id = usage.current_org());
grant select on ingest.at_rest_key to lethe_accounting_r;

-- What the alarm has seen. One row an organization and code, so that a flood cannot grow it.
create table ingest.tripwire (
  org_id uuid not null,
  code usage.term not null,
  pending bigint not null,
  total bigint not null,
  last_event_at timestamptz,
  primary key (org_id, code)
);
grant select (code, total) on ingest.tripwire to lethe_accounting_r;

-- The shared lock first, then the flag, in two statements of a volatile function: the flag is read after the wait.
create function payload.check_gate(p_org uuid) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_sealed boolean;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'read committed required' using errcode = 'ZDR03';
  end if;
  perform pg_advisory_xact_lock_shared(77, hashtext(p_org::text));
  select sealed into v_sealed from ingest.org_gate where org_id = p_org;
  if v_sealed is null then
    raise exception 'payload refused' using errcode = 'ZDR02', constraint = 'org_unknown';
  end if;
  if v_sealed then
    raise exception 'payload refused' using errcode = 'ZDR02', constraint = 'org_sealed';
  end if;
end $$;

create function ingest.open_org(p_org uuid) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  insert into ingest.org_gate (org_id) values (p_org) on conflict (org_id) do nothing;
  return (select sealed from ingest.org_gate where org_id = p_org);
end $$;

-- The exclusive lock waits for running payload transactions. The first version stays; returns it and whether this call sealed.
create function ingest.seal_org(p_org uuid, p_version bigint, out sealed_version bigint, out newly boolean)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'read committed required' using errcode = 'ZDR03';
  end if;
  perform pg_advisory_xact_lock(77, hashtext(p_org::text));
  newly := not exists (select from ingest.org_gate g where g.org_id = p_org and g.sealed);
  update ingest.api_key_copy k set logging = false where k.org_id = p_org and k.logging;
  insert into ingest.org_gate as g (org_id, sealed, sealed_version) values (p_org, true, p_version)
  on conflict (org_id) do update
    set sealed = true, sealed_version = coalesce(g.sealed_version, excluded.sealed_version);
  delete from ingest.transit_key t where t.org_id = p_org;
  select g.sealed_version into seal_org.sealed_version from ingest.org_gate g where g.org_id = p_org;
end $$;

-- An older version never overwrites a newer one. Returns false when the key is known under another organization: then
-- it keeps that organization and stops logging.
create function ingest.put_api_key(p_key uuid, p_org uuid, p_group uuid, p_logging boolean, p_version bigint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_sealed boolean;
  v_known_org uuid;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'read committed required' using errcode = 'ZDR03';
  end if;
  perform pg_advisory_xact_lock_shared(77, hashtext(p_org::text));
  v_sealed := exists (select from ingest.org_gate where org_id = p_org and sealed);
  insert into ingest.api_key_copy as k (api_key_id, org_id, group_id, logging, version)
  values (p_key, p_org, p_group, p_logging and not v_sealed, p_version)
  on conflict (api_key_id) do update
    set group_id = excluded.group_id, logging = excluded.logging, version = excluded.version
    where k.org_id = excluded.org_id and k.version < excluded.version;
  select org_id into v_known_org from ingest.api_key_copy where api_key_id = p_key;
  if v_known_org <> p_org then
    update ingest.api_key_copy set logging = false where api_key_id = p_key and logging;
  end if;
  return v_known_org = p_org;
end $$;

create function ingest.put_at_rest_key(p_org uuid, p_version integer, p_wrapped bytea) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(p_org);
  insert into ingest.at_rest_key (org_id, version, wrapped_key) values (p_org, p_version, p_wrapped)
  on conflict do nothing;
end $$;

-- Under the same shared lock as a payload: no new pair for an organization that is being sealed.
create function ingest.put_transit_key(p_org uuid, p_id uuid, p_public bytea, p_wrapped bytea, p_wrapped_by bytea) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(p_org);
  insert into ingest.transit_key (transit_key_id, org_id, public_key, wrapped_private, wrapped_by)
  values (p_id, p_org, p_public, p_wrapped, p_wrapped_by);
end $$;

-- Pairs wrapped by another wrapping key can never be used again.
create function ingest.drop_foreign_transit_keys(p_wrapped_by bytea) returns bigint
language sql volatile security definer
set search_path = pg_catalog
as $$
  with dropped as (delete from ingest.transit_key where wrapped_by <> p_wrapped_by returning 1)
  select count(*) from dropped
$$;

create function ingest.orgs_lacking_keys(p_wrapped_by bytea, p_limit integer)
returns table (org_id uuid, lacks_at_rest boolean, lacks_transit boolean)
language sql stable security definer
set search_path = pg_catalog
as $$
  select lacking.* from (
    select g.org_id,
      not exists (select from ingest.at_rest_key a where a.org_id = g.org_id),
      not exists (select from ingest.transit_key t where t.org_id = g.org_id and t.wrapped_by = p_wrapped_by)
    from ingest.org_gate g where not g.sealed) as lacking (org_id, at_rest, transit)
  where at_rest or transit order by org_id limit p_limit
$$;

create function ingest.unregistered_transit_keys(p_limit integer)
returns table (transit_key_id uuid, org_id uuid, public_key bytea)
language sql stable security definer
set search_path = pg_catalog
as $$
  select t.transit_key_id, t.org_id, t.public_key from ingest.transit_key t
  where not t.registered order by t.created_at limit p_limit
$$;

create function ingest.mark_transit_key_registered(p_id uuid) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$ update ingest.transit_key set registered = true where transit_key_id = p_id $$;

-- One wrapped at-rest key, to check at start that the root key fits.
create function ingest.any_at_rest_key() returns table (org_id uuid, version integer, wrapped_key bytea)
language sql stable security definer
set search_path = pg_catalog
as $$ select a.org_id, a.version, a.wrapped_key from ingest.at_rest_key a limit 1 $$;

-- Alarms that are due, at most one a minute for each organization and code; taking one resets its count.
create function ingest.take_tripwires(p_limit integer) returns table (org_id uuid, code text, pending bigint)
language sql volatile security definer
set search_path = pg_catalog
as $$
  with due as (
    select t.org_id, t.code, t.pending from ingest.tripwire t
    where t.pending > 0 and (t.last_event_at is null or t.last_event_at <= now() - interval '1 minute')
    order by t.org_id, t.code limit p_limit for update skip locked)
  update ingest.tripwire t set pending = 0, last_event_at = now() from due
  where t.org_id = due.org_id and t.code = due.code
  returning t.org_id, t.code::text, due.pending
$$;

revoke execute on all functions in schema ingest from public;
revoke execute on all functions in schema payload from public;
grant execute on function
  ingest.open_org(uuid),
  ingest.seal_org(uuid, bigint),
  ingest.put_api_key(uuid, uuid, uuid, boolean, bigint),
  ingest.put_at_rest_key(uuid, integer, bytea),
  ingest.put_transit_key(uuid, uuid, bytea, bytea, bytea),
  ingest.drop_foreign_transit_keys(bytea),
  ingest.orgs_lacking_keys(bytea, integer),
  ingest.unregistered_transit_keys(integer),
  ingest.mark_transit_key_registered(uuid),
  ingest.any_at_rest_key(),
  ingest.take_tripwires(integer)
to lethe_accounting_control;
