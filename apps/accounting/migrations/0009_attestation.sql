-- Payloads whose telemetry has not been compared yet. Reading never depends on this table: the views compare each time.
create table payload.unattested (
  org_id uuid not null,
  insight_id uuid not null,
  api_key_id uuid not null,
  arrived_at timestamptz not null default now(),
  primary key (org_id, insight_id),
  foreign key (org_id, insight_id) references payload.item (org_id, insight_id) on delete cascade
);

create function payload.await_attestation() returns trigger
language plpgsql security definer
set search_path = pg_catalog
as $$
begin
  insert into payload.unattested (org_id, insight_id, api_key_id) values (new.org_id, new.insight_id, new.api_key_id)
  on conflict do nothing;
  return null;
end $$;
create trigger await_attestation after insert on payload.item
  for each row execute function payload.await_attestation();
alter table payload.item enable always trigger await_attestation;
revoke execute on function payload.await_attestation() from public;

create policy swept on payload.item for delete to lethe_owner using (usage.is_upkeep());
create policy found_by_sweep on payload.item for select to lethe_owner using (usage.is_upkeep());
create policy compared on usage.event for select to lethe_owner using (usage.is_upkeep());

-- The view asked row-level security alone; now that upkeep sees more, it asks for itself.
create or replace view payload.readable with (security_barrier = true) as
  select i.org_id, i.insight_id, i.api_key_id, i.wrapped_content_key, i.at_rest_key_version, i.nonce, i.ciphertext,
    i.policy_version, i.transit_key_id
  from payload.item i
  join usage.event e on e.insight_id = i.insight_id and e.org_id = i.org_id and e.api_key_id = i.api_key_id
  where e.retention_decision = 'payload' and i.org_id = usage.current_org();

-- Compares payloads with the telemetry of their insight: what agrees is done with, what contradicts is removed and
-- trips the alarm, what has no telemetry after `p_wait` is removed.
create function ingest.attest_payloads(p_wait interval, p_limit integer)
returns table (result text, payloads bigint)
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_row record;
  v_agreed bigint := 0;
  v_contradicted bigint := 0;
  v_alone bigint := 0;
begin
  perform set_config('app.upkeep', 'on', true);
  for v_row in
    select u.org_id, u.insight_id,
      e.org_id = u.org_id and e.api_key_id = u.api_key_id and e.retention_decision = 'payload' as agrees,
      e.insight_id is not null as has_telemetry
    from payload.unattested u left join usage.event e on e.insight_id = u.insight_id
    where e.insight_id is not null or u.arrived_at < now() - p_wait
    order by u.arrived_at limit p_limit for update of u skip locked
  loop
    if v_row.agrees then
      delete from payload.unattested u where u.org_id = v_row.org_id and u.insight_id = v_row.insight_id;
      v_agreed := v_agreed + 1;
      continue;
    end if;
    delete from payload.item i where i.org_id = v_row.org_id and i.insight_id = v_row.insight_id;
    if v_row.has_telemetry then
      v_contradicted := v_contradicted + 1;
      insert into ingest.tripwire as t (org_id, code, pending, total)
      values (v_row.org_id, 'telemetry_contradicts', 1, 1)
      on conflict (org_id, code) do update set pending = t.pending + 1, total = t.total + 1;
    else
      v_alone := v_alone + 1;
    end if;
  end loop;
  perform set_config('app.upkeep', '', true);
  return query values ('agrees', v_agreed), ('contradicts', v_contradicted), ('alone', v_alone);
end $$;

-- What a shredded organization had is unreadable already; this frees the room, some at a time.
create function ingest.drop_shredded_payloads(p_limit integer) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_dropped bigint;
begin
  perform set_config('app.upkeep', 'on', true);
  with chosen as (
    select i.org_id, i.insight_id from payload.item i
    where i.org_id in (select g.org_id from ingest.org_gate g where g.shredded_at is not null) limit p_limit)
  delete from payload.item i using chosen c where i.org_id = c.org_id and i.insight_id = c.insight_id;
  get diagnostics v_dropped = row_count;
  perform set_config('app.upkeep', '', true);
  return v_dropped;
end $$;

revoke execute on all functions in schema ingest from public;
grant execute on function ingest.attest_payloads(interval, integer), ingest.drop_shredded_payloads(integer)
to lethe_accounting_control;
