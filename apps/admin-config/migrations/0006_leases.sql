-- Leases of the routers, what each ZDR came to, and the guard that stops all grants. Further private SQLSTATEs:
--   LSE01 a lease only grows            GRD01 a guard stays until it is repaired
-- The service writes leases by these functions alone. grant_lease is rule A-2: the version is locked and read in the
-- transaction that writes the row, so that each grant is ordered before or after each change of the configuration.
create table config.router_lease (
  router_id text not null check (router_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  boot_id bytea not null check (octet_length(boot_id) = 16),
  first_version bigint not null,
  granted_version bigint not null,
  renewals bigint not null check (renewals > 0),
  last_nonce bigint not null check (last_nonce > 0),
  acked_version bigint not null default 0,
  released boolean not null default false,
  primary key (router_id, boot_id)
);

-- Why no lease is granted and no ZDR confirmed. Rows go only when an operator repaired the cause.
create table config.zdr_guard (
  reason text primary key check (reason in
    ('anchors_ahead', 'database_behind', 'router_ahead', 'router_remembers', 'zdr_forgotten')),
  -- The latest version that somebody was seen to know: the repair goes beyond it.
  seen_version bigint not null,
  raised_at timestamptz not null
);

alter table config.organization
  add column zdr_shred_history boolean not null default false,
  add column zdr_shredded_at timestamptz,
  add column zdr_evidence jsonb
    check (jsonb_typeof(zdr_evidence) = 'object' and octet_length(zdr_evidence::text) <= 1048576
      and zdr_evidence ?& array['acknowledged', 'lapsed', 'took_ms']
      and jsonb_typeof(zdr_evidence -> 'acknowledged') = 'array'
      and jsonb_typeof(zdr_evidence -> 'lapsed') = 'array'
      and jsonb_typeof(zdr_evidence -> 'took_ms') = 'number'
      and zdr_evidence - array['acknowledged', 'lapsed', 'took_ms'] = '{}'),
  add column zdr_effective_event_id uuid,
  add column zdr_effective_at timestamptz,
  add constraint zdr_evidence_is_whole check (num_nulls(zdr_evidence, zdr_effective_event_id) in (0, 2)),
  add constraint zdr_steps_in_order check (
    (zdr_version is not null or (not zdr_shred_history and zdr_evidence is null and zdr_shredded_at is null))
    and (zdr_shredded_at is null or zdr_shred_history)
    and (zdr_effective_at is null or (zdr_evidence is not null
      and (not zdr_shred_history or zdr_shredded_at is not null))));
create index organization_zdr_pending on config.organization (id)
  where zdr_version is not null and zdr_effective_at is null;

alter table config.zdr_tombstone add column shred_history boolean not null default false;

-- ZDR's steps are each taken once: null to a value, never back. The wish to shred belongs to the commitment.
create function config.guard_zdr_steps() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if old.zdr_version is not null and new.zdr_shred_history is distinct from old.zdr_shred_history
    or old.zdr_evidence is not null and new.zdr_evidence is distinct from old.zdr_evidence
    or old.zdr_effective_event_id is not null
      and new.zdr_effective_event_id is distinct from old.zdr_effective_event_id
    or old.zdr_shredded_at is not null and new.zdr_shredded_at is distinct from old.zdr_shredded_at
    or old.zdr_effective_at is not null and new.zdr_effective_at is distinct from old.zdr_effective_at then
    raise exception 'ZDR is irrevocable' using errcode = 'ZDR01';
  end if;
  return new;
end $$;

create function config.guard_router_lease() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op = 'TRUNCATE' then
    raise exception 'leases are forgotten one by one' using errcode = 'LSE01';
  end if;
  if (new.router_id, new.boot_id, new.first_version)
      is distinct from (old.router_id, old.boot_id, old.first_version)
    or new.granted_version < old.granted_version or new.acked_version < old.acked_version
    or new.renewals < old.renewals or new.last_nonce < old.last_nonce
    or old.released and not new.released and new.last_nonce = old.last_nonce then
    raise exception 'a lease only grows' using errcode = 'LSE01';
  end if;
  return new;
end $$;

create function config.guard_zdr_guard() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op = 'TRUNCATE' then
    raise exception 'a guard stays until it is repaired' using errcode = 'GRD01';
  end if;
  -- Repaired means: the version went beyond what anybody knew, and no organization is left that was forgotten.
  if (select version from config_version) <= old.seen_version
    or exists (select from zdr_tombstone t join organization o on o.id = t.org_id where o.zdr_version is null) then
    raise exception 'a guard stays until it is repaired' using errcode = 'GRD01';
  end if;
  return old;
end $$;

-- The version grows by one; only a repair may go beyond what others have seen of a later time.
create or replace function config.guard_config_version() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') or new.version is distinct from old.version + 1
    and (new.version > old.version
      and new.version = (select max(seen_version) + 1 from zdr_guard)) is not true then
    raise exception 'the config version only grows by one' using errcode = 'ZDR06';
  end if;
  return new;
end $$;

-- Outcomes: granted (with its version), nonce_seen, guarded, too_many.
create function config.grant_lease(p_router_id text, p_boot_id bytea, p_nonce bigint,
    out outcome text, out version bigint)
  language plpgsql security definer set search_path = config, pg_temp as $$
declare
  v_version bigint;
begin
  -- Locked before anything else is read: what is read next was committed before this grant.
  select c.version into strict v_version from config_version c for share;
  if exists (select from zdr_guard) then
    outcome := 'guarded';
    return;
  end if;
  if not exists (select from router_lease l where l.router_id = p_router_id and l.boot_id = p_boot_id)
    and (select count(*) from (select from router_lease limit 4096) l) >= 4096 then
    outcome := 'too_many';
    return;
  end if;
  insert into router_lease as l
    (router_id, boot_id, first_version, granted_version, renewals, last_nonce)
  values (p_router_id, p_boot_id, v_version, v_version, 1, p_nonce)
  on conflict (router_id, boot_id) do update
    set granted_version = excluded.granted_version, renewals = l.renewals + 1,
      last_nonce = excluded.last_nonce, released = false
    where l.last_nonce < excluded.last_nonce;
  if not found then
    outcome := 'nonce_seen';
    return;
  end if;
  outcome := 'granted';
  version := v_version;
end $$;

create function config.record_ack(p_router_id text, p_boot_id bytea, p_version bigint) returns void
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  update router_lease set acked_version = p_version
    where router_id = p_router_id and boot_id = p_boot_id and acked_version < p_version
      and p_version <= (select version from config_version);
end $$;

create function config.release_lease(p_router_id text, p_boot_id bytea) returns void
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  update router_lease set released = true where router_id = p_router_id and boot_id = p_boot_id;
end $$;

-- Deletes a row whose renewals still stand where its observer saw them stand still.
create function config.forget_lease(p_router_id text, p_boot_id bytea, p_renewals bigint) returns void
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  delete from router_lease where router_id = p_router_id and boot_id = p_boot_id and renewals = p_renewals;
end $$;

create trigger guard_steps before update on config.organization
  for each row execute function config.guard_zdr_steps();
create trigger guard_row before update on config.router_lease
  for each row execute function config.guard_router_lease();
create trigger guard_truncate before truncate on config.router_lease
  for each statement execute function config.guard_router_lease();
create trigger guard_row before delete on config.zdr_guard
  for each row execute function config.guard_zdr_guard();
create trigger guard_truncate before truncate on config.zdr_guard
  for each statement execute function config.guard_zdr_guard();
alter table config.organization enable always trigger guard_steps;
alter table config.router_lease enable always trigger guard_row;
alter table config.router_lease enable always trigger guard_truncate;
alter table config.zdr_guard enable always trigger guard_row;
alter table config.zdr_guard enable always trigger guard_truncate;

revoke execute on all functions in schema config from public;
grant select on config.router_lease to lethe_admin;
grant execute on function config.grant_lease(text, bytea, bigint), config.record_ack(text, bytea, bigint),
  config.release_lease(text, bytea), config.forget_lease(text, bytea, bigint) to lethe_admin;
grant select, insert, delete, update (seen_version) on config.zdr_guard to lethe_admin;
grant update (zdr_shred_history, zdr_shredded_at, zdr_evidence, zdr_effective_event_id, zdr_effective_at)
  on config.organization to lethe_admin;
