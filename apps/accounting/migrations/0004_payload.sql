-- Payload at rest: ciphertext, and its content key wrapped by the organization's at-rest key.
create table payload.item (
  org_id uuid not null,
  insight_id uuid not null,
  api_key_id uuid not null,
  wrapped_content_key bytea not null check (octet_length(wrapped_content_key) between 33 and 128),
  at_rest_key_version integer not null,
  nonce bytea not null check (octet_length(nonce) = 12),
  ciphertext bytea not null check (octet_length(ciphertext) between 16 and 1048576),
  policy_version bigint not null check (policy_version >= 0),
  transit_key_id uuid not null,
  ingested_at timestamptz not null default now(),
  primary key (org_id, insight_id),
  foreign key (org_id, at_rest_key_version) references ingest.at_rest_key (org_id, version)
);
alter table payload.item alter column ciphertext set storage external;

alter table payload.item enable row level security;
alter table payload.item force row level security;
-- The owner is who payload.put and payload.readable act as; nobody logs in as it.
create policy written_by_put on payload.item for insert to lethe_owner with check (true);
create policy read_own_org on payload.item for select to lethe_owner using (org_id = usage.current_org());

-- Whoever inserts, by whatever way, does so under the organization's lock and its open gate.
create function payload.check_gate_of_item() returns trigger
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(new.org_id);
  return new;
end $$;
create trigger check_gate before insert on payload.item
  for each row execute function payload.check_gate_of_item();
alter table payload.item enable always trigger check_gate;

-- A payload becomes readable only if the telemetry of the same insight, organization and key says so.
create view payload.readable with (security_barrier = true) as
  select i.org_id, i.insight_id, i.api_key_id, i.wrapped_content_key, i.at_rest_key_version, i.nonce, i.ciphertext,
    i.policy_version, i.transit_key_id
  from payload.item i
  join usage.event e on e.insight_id = i.insight_id and e.org_id = i.org_id and e.api_key_id = i.api_key_id
  where e.retention_decision = 'payload';
grant select on payload.readable to lethe_accounting_r;

-- What layer 3 decides on, read inside the payload transaction after the gate.
create function payload.evidence(p_org uuid, p_api_key uuid, p_transit_key uuid)
returns table (
  key_org_id uuid, key_logging boolean, transit_wrapped bytea, transit_wrapped_by bytea,
  at_rest_version integer, at_rest_wrapped bytea)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(p_org);
  return query
    select k.org_id, k.logging, t.wrapped_private, t.wrapped_by, a.version, a.wrapped_key
    from (select) as one
    left join ingest.api_key_copy k on k.api_key_id = p_api_key
    left join ingest.transit_key t on t.transit_key_id = p_transit_key and t.org_id = p_org
    left join lateral (
      select version, wrapped_key from ingest.at_rest_key where org_id = p_org order by version desc limit 1) a on true;
end $$;

-- The one way in. Returns false when the insight is here already.
create function payload.put(
  p_org uuid, p_insight uuid, p_api_key uuid, p_wrapped_content_key bytea, p_at_rest_version integer,
  p_nonce bytea, p_ciphertext bytea, p_policy_version bigint, p_transit_key uuid) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform payload.check_gate(p_org);
  insert into payload.item (org_id, insight_id, api_key_id, wrapped_content_key, at_rest_key_version, nonce, ciphertext,
    policy_version, transit_key_id)
  values (p_org, p_insight, p_api_key, p_wrapped_content_key, p_at_rest_version, p_nonce, p_ciphertext,
    p_policy_version, p_transit_key)
  on conflict do nothing;
  return found;
end $$;

create function payload.advance_offset(p_topic text, p_part integer, p_next bigint) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
  insert into usage.consumer_offset as o (topic, part, next_offset) values (p_topic, p_part, p_next)
  on conflict (topic, part) do update set next_offset = greatest(o.next_offset, excluded.next_offset)
$$;

create function payload.next_offset(p_topic text, p_part integer) returns bigint
language sql stable security definer
set search_path = pg_catalog
as $$ select next_offset from usage.consumer_offset where topic = p_topic and part = p_part $$;

-- Records a refusal by reference; with p_tripwire the alarm counts it too, once for each record.
create function payload.refuse(
  p_topic text, p_part integer, p_offset bigint, p_size integer, p_code text, p_hmac bytea,
  p_tripwire boolean, p_org uuid) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  insert into usage.ingest_reject (topic, part, record_offset, ordinal, size_bytes, code, hmac)
  values (p_topic, p_part, p_offset, 0, p_size, p_code, p_hmac)
  on conflict do nothing;
  if not found then return false; end if;
  if p_tripwire then
    insert into ingest.tripwire as t (org_id, code, pending, total) values (p_org, p_code, 1, 1)
    on conflict (org_id, code) do update set pending = t.pending + 1, total = t.total + 1;
  end if;
  return true;
end $$;

revoke execute on all functions in schema payload from public;
grant execute on function
  payload.check_gate(uuid),
  payload.evidence(uuid, uuid, uuid),
  payload.put(uuid, uuid, uuid, bytea, integer, bytea, bytea, bigint, uuid),
  payload.advance_offset(text, integer, bigint),
  payload.next_offset(text, integer),
  payload.refuse(text, integer, bigint, integer, text, bytea, boolean, uuid)
to lethe_payload_w;
