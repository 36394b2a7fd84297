-- Audit events of this service, relayed in order. `seq` is drawn under a lock that is held until commit, so that the
-- order of the numbers is the order of the commits and a reader never skips a row that commits late.
create table outbox.audit_event (
  seq bigint generated always as identity primary key,
  event_id uuid not null unique,
  org_id uuid,
  body bytea not null check (octet_length(body) between 1 and 60000),
  queued_at timestamptz not null default now(),
  sent_at timestamptz
);
create index audit_event_unsent on outbox.audit_event (seq) where sent_at is null;

create function outbox.queue_audit_event(p_event_id uuid, p_org uuid, p_body bytea) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform pg_advisory_xact_lock(76, 2);
  insert into outbox.audit_event (event_id, org_id, body) values (p_event_id, p_org, p_body);
end $$;

create function outbox.unsent(p_limit integer) returns table (seq bigint, event_id uuid, org_id uuid, body bytea)
language sql stable security definer
set search_path = pg_catalog
as $$
  select e.seq, e.event_id, e.org_id, e.body from outbox.audit_event e where e.sent_at is null order by e.seq limit p_limit
$$;

create function outbox.mark_sent(p_seq bigint) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$ update outbox.audit_event set sent_at = now() where seq = p_seq and sent_at is null $$;

-- What audit holds needs no second copy here for long.
create function outbox.drop_sent(p_older_than interval) returns bigint
language sql volatile security definer
set search_path = pg_catalog
as $$
  with dropped as (delete from outbox.audit_event where sent_at < now() - p_older_than returning 1)
  select count(*) from dropped
$$;

revoke execute on all functions in schema outbox from public;
grant execute on function outbox.queue_audit_event(uuid, uuid, bytea) to lethe_accounting_control, lethe_accounting_r;
grant execute on function outbox.unsent(integer), outbox.mark_sent(bigint), outbox.drop_sent(interval)
to lethe_accounting_control;
