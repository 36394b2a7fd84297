-- Set by the owner's own upkeep functions, for as long as they run. A runtime role that sets it gains nothing: the
-- policies below are the owner's.
create function usage.is_upkeep() returns boolean
language sql stable
set search_path = pg_catalog
as $$ select coalesce(current_setting('app.upkeep', true), '') = 'on' $$;
revoke execute on function usage.is_upkeep() from public;
-- A policy's functions run as whoever asks through the view.
grant execute on function usage.is_upkeep() to lethe_accounting_r;

-- Raw request bodies lie in the object store, encrypted; here is where, and the content key, wrapped.
create table payload.raw_request (
  org_id uuid not null,
  insight_id uuid not null,
  object_key text not null unique check (object_key ~ '^[0-9a-f]{32}$'),
  wrapped_content_key bytea not null check (octet_length(wrapped_content_key) between 33 and 128),
  at_rest_key_version integer not null,
  nonce bytea not null check (octet_length(nonce) = 12),
  ciphertext_bytes bigint not null check (ciphertext_bytes between 16 and 67108864),
  primary key (org_id, insight_id),
  foreign key (org_id, insight_id) references payload.item (org_id, insight_id) on delete cascade
);
alter table payload.raw_request enable row level security;
alter table payload.raw_request force row level security;
create policy written_by_put on payload.raw_request for insert to lethe_owner with check (true);
create policy read_own_org on payload.raw_request for select to lethe_owner
  using (org_id = usage.current_org() or usage.is_upkeep());

create trigger check_gate before insert on payload.raw_request
  for each row execute function payload.check_gate_of_item();
alter table payload.raw_request enable always trigger check_gate;

-- Objects whose row is gone: the sweeper removes them without waiting for their age.
create table payload.gone_object (
  object_key text primary key check (object_key ~ '^[0-9a-f]{32}$'),
  gone_at timestamptz not null default now()
);
create function payload.remember_gone_object() returns trigger
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  insert into payload.gone_object (object_key) values (old.object_key) on conflict do nothing;
  return null;
end $$;
create trigger remember_gone_object after delete on payload.raw_request
  for each row execute function payload.remember_gone_object();
alter table payload.raw_request enable always trigger remember_gone_object;

-- In the transaction of its payload. Returns false when another request has the object already.
create function payload.put_raw_request(
  p_org uuid, p_insight uuid, p_object_key text, p_wrapped_content_key bytea, p_at_rest_version integer,
  p_nonce bytea, p_ciphertext_bytes bigint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(p_org);
  insert into payload.raw_request (org_id, insight_id, object_key, wrapped_content_key, at_rest_key_version, nonce,
    ciphertext_bytes)
  values (p_org, p_insight, p_object_key, p_wrapped_content_key, p_at_rest_version, p_nonce, p_ciphertext_bytes)
  on conflict do nothing;
  return found;
end $$;
revoke execute on all functions in schema payload from public;
grant execute on function payload.put_raw_request(uuid, uuid, text, bytea, integer, bytea, bigint) to lethe_payload_w;

-- Readable exactly when its payload is.
create view payload.readable_raw with (security_barrier = true) as
  select r.org_id, r.insight_id, i.api_key_id, r.object_key, r.wrapped_content_key, r.at_rest_key_version, r.nonce,
    r.ciphertext_bytes, i.policy_version, i.transit_key_id
  from payload.raw_request r
  join payload.item i on i.org_id = r.org_id and i.insight_id = r.insight_id
  join usage.event e on e.insight_id = i.insight_id and e.org_id = i.org_id and e.api_key_id = i.api_key_id
  where e.retention_decision = 'payload' and i.org_id = usage.current_org();
grant select on payload.readable_raw to lethe_accounting_r;

-- Of these objects, the ones that no row refers to.
create function ingest.objects_without_row(p_keys text[]) returns setof text
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform set_config('app.upkeep', 'on', true);
  return query select k.object_key from unnest(p_keys) as k (object_key)
    where not exists (select from payload.raw_request r where r.object_key = k.object_key);
  perform set_config('app.upkeep', '', true);
end $$;

create function ingest.gone_objects(p_limit integer) returns setof text
language sql stable security definer
set search_path = pg_catalog
as $$ select g.object_key from payload.gone_object g order by g.gone_at limit p_limit $$;

create function ingest.forget_gone_object(p_key text) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$ delete from payload.gone_object where object_key = p_key $$;

revoke execute on all functions in schema ingest from public;
grant execute on function
  ingest.objects_without_row(text[]), ingest.gone_objects(integer), ingest.forget_gone_object(text)
to lethe_accounting_control;
