-- Which wrapping key is in use, by name; the key itself is never in a database. `residue`: wrapped keys were deleted,
-- and their bytes are still in the table's file.
create table ingest.vault (
  one boolean primary key default true check (one),
  wrapping_name bytea not null check (octet_length(wrapping_name) = 16),
  residue boolean not null default false,
  rotated_at timestamptz not null default now()
);
insert into ingest.vault (wrapping_name) values (decode(repeat('00', 16), 'hex'));

-- A pair whose successor is registered opens what is still on its way, and is destroyed after that.
alter table ingest.transit_key add column retired_at timestamptz;

create function ingest.mark_residue() returns trigger
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  update ingest.vault set residue = true where not residue and exists (select from gone);
  return null;
end $$;
create trigger mark_residue after delete on ingest.transit_key referencing old table as gone
  for each statement execute function ingest.mark_residue();
alter table ingest.transit_key enable always trigger mark_residue;

-- One at a time in this database, whichever replica: held until the transaction ends.
create function ingest.vault_state() returns table (wrapping_name bytea, residue boolean)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform pg_advisory_xact_lock(76, 5);
  return query select v.wrapping_name, v.residue from ingest.vault v;
end $$;

-- Waits for payload transactions that have read a pair, and lets none begin until the pairs are replaced.
create function ingest.take_transit_keys() returns table (transit_key_id uuid, org_id uuid, wrapped_private bytea)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform pg_advisory_xact_lock(76, 5);
  lock table ingest.transit_key in access exclusive mode;
  return query select t.transit_key_id, t.org_id, t.wrapped_private from ingest.transit_key t;
end $$;

-- Moves the pairs to another wrapping key and into a new file; a pair that is not named is gone. TRUNCATE and not
-- VACUUM FULL, which copies deleted rows that an open snapshot may still see. The old bytes are not gathered, so that
-- no temporary file can hold them.
create function ingest.replace_transit_keys(p_from bytea, p_to bytea, p_ids uuid[], p_wrapped bytea[]) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_ids uuid[];
  v_orgs uuid[];
  v_public bytea[];
  v_registered boolean[];
  v_created timestamptz[];
  v_retired timestamptz[];
begin
  perform pg_advisory_xact_lock(76, 5);
  lock table ingest.transit_key in access exclusive mode;
  if not exists (select from ingest.vault v where v.wrapping_name = p_from) then
    raise exception 'another wrapping key is in use' using errcode = 'ZDR04';
  end if;
  select array_agg(t.transit_key_id), array_agg(t.org_id), array_agg(t.public_key), array_agg(t.registered),
    array_agg(t.created_at), array_agg(t.retired_at)
  into v_ids, v_orgs, v_public, v_registered, v_created, v_retired
  from ingest.transit_key t where t.transit_key_id = any (p_ids);
  truncate ingest.transit_key;
  insert into ingest.transit_key
    (transit_key_id, org_id, public_key, wrapped_private, wrapped_by, registered, created_at, retired_at)
  select kept.id, kept.org, kept.public, w.wrapped, p_to, kept.registered, kept.created, kept.retired
  from unnest(v_ids, v_orgs, v_public, v_registered, v_created, v_retired)
    as kept (id, org, public, registered, created, retired)
  join unnest(p_ids, p_wrapped) as w (id, wrapped) on w.id = kept.id;
  update ingest.vault set wrapping_name = p_to, residue = false, rotated_at = now();
end $$;

-- Under the same shared lock as a payload: no new pair for an organization that is being sealed. The table's lock is
-- taken before the name is read, so that no pair comes under a wrapping key that is being replaced.
create or replace function ingest.put_transit_key(p_org uuid, p_id uuid, p_public bytea, p_wrapped bytea, p_wrapped_by bytea)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(p_org);
  lock table ingest.transit_key in row exclusive mode;
  if not exists (select from ingest.vault v where v.wrapping_name = p_wrapped_by) then
    raise exception 'another wrapping key is in use' using errcode = 'ZDR04';
  end if;
  insert into ingest.transit_key (transit_key_id, org_id, public_key, wrapped_private, wrapped_by)
  values (p_id, p_org, p_public, p_wrapped, p_wrapped_by);
end $$;

drop function ingest.drop_foreign_transit_keys(bytea);
drop function ingest.orgs_lacking_keys(bytea, integer);

-- Open organizations without an at-rest key, or without a pair that is younger than `p_rotate_after`.
create function ingest.orgs_lacking_keys(p_rotate_after interval, p_limit integer)
returns table (org_id uuid, lacks_at_rest boolean, lacks_transit boolean)
language sql stable security definer
set search_path = pg_catalog
as $$
  select lacking.* from (
    select g.org_id,
      not exists (select from ingest.at_rest_key a where a.org_id = g.org_id),
      not exists (select from ingest.transit_key t
        where t.org_id = g.org_id and t.retired_at is null and t.created_at > now() - p_rotate_after)
    from ingest.org_gate g where not g.sealed) as lacking (org_id, at_rest, transit)
  where at_rest or transit order by org_id limit p_limit
$$;

create or replace function ingest.mark_transit_key_registered(p_id uuid) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
  update ingest.transit_key set registered = true where transit_key_id = p_id;
  update ingest.transit_key t set retired_at = now()
  from ingest.transit_key registered
  where registered.transit_key_id = p_id and t.org_id = registered.org_id and t.transit_key_id <> p_id
    and t.retired_at is null and t.created_at <= registered.created_at
$$;

-- Destroys pairs that nothing on its way can need any more. Returns how many.
create function ingest.drop_retired_transit_keys(p_keep interval) returns bigint
language sql volatile security definer
set search_path = pg_catalog
as $$
  with dropped as (delete from ingest.transit_key where retired_at < now() - p_keep returning 1)
  select count(*) from dropped
$$;

-- History given up: like `sealed`, it can be entered and never left.
alter table ingest.org_gate add column shredded_at timestamptz;
alter table ingest.org_gate add check (shredded_at is null or sealed);

create or replace function ingest.keep_gate_monotone() returns trigger
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
  if old.shredded_at is not null and new.shredded_at is distinct from old.shredded_at then
    raise exception 'shredded history stays shredded' using errcode = 'ZDR01';
  end if;
  return new;
end $$;

-- TRUNCATE, which takes deleted keys out of the file, is not possible on a table that a foreign key points to; the
-- trigger below asks instead, under the lock that shredding waits for.
alter table payload.item drop constraint item_org_id_at_rest_key_version_fkey;

create or replace function payload.check_gate_of_item() returns trigger
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(new.org_id);
  if not exists (select from ingest.at_rest_key a
    where a.org_id = new.org_id and a.version = new.at_rest_key_version) then
    raise exception 'no such at-rest key' using errcode = '23503';
  end if;
  return new;
end $$;

-- Destroys the at-rest keys of a sealed organization and leaves no trace of them in the table's files. Idempotent, and
-- done again when a restored backup brought keys back.
create function ingest.shred_org(
  p_org uuid, out shredded_at_ms bigint, out newly boolean, out keys_destroyed integer, out payloads bigint)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_others ingest.at_rest_key[];
begin
  perform pg_advisory_xact_lock(77, hashtext(p_org::text));
  if not exists (select from ingest.org_gate g where g.org_id = p_org and g.sealed) then
    raise exception 'only a sealed organization is shredded' using errcode = 'ZDR05';
  end if;
  update ingest.org_gate g set shredded_at = now() where g.org_id = p_org and g.shredded_at is null;
  newly := found;
  keys_destroyed := 0;
  payloads := 0;
  if exists (select from ingest.at_rest_key a where a.org_id = p_org) then
    newly := true;
    perform set_config('app.org_id', p_org::text, true);
    select count(*) into payloads from payload.item i where i.org_id = p_org;
    perform set_config('app.org_id', '', true);
    lock table ingest.at_rest_key in access exclusive mode;
    select array_agg(a) into v_others from ingest.at_rest_key a where a.org_id <> p_org;
    select count(*) into keys_destroyed from ingest.at_rest_key a where a.org_id = p_org;
    truncate ingest.at_rest_key;
    insert into ingest.at_rest_key select k.* from unnest(v_others) as k;
  end if;
  select (extract(epoch from g.shredded_at) * 1000)::bigint into shredded_at_ms
  from ingest.org_gate g where g.org_id = p_org;
end $$;

-- Null: the history was not shredded.
create function ingest.shredded_at_ms(p_org uuid) returns bigint
language sql stable security definer
set search_path = pg_catalog
as $$ select (extract(epoch from g.shredded_at) * 1000)::bigint from ingest.org_gate g where g.org_id = p_org $$;

revoke execute on all functions in schema ingest from public;
grant execute on function
  ingest.vault_state(),
  ingest.take_transit_keys(),
  ingest.replace_transit_keys(bytea, bytea, uuid[], bytea[]),
  ingest.orgs_lacking_keys(interval, integer),
  ingest.drop_retired_transit_keys(interval),
  ingest.shred_org(uuid),
  ingest.shredded_at_ms(uuid)
to lethe_accounting_control;
