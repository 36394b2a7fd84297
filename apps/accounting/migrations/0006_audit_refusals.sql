-- An event that audit refuses for ever is kept, told of, and passed by.
alter table outbox.audit_event add column refused_code text check (refused_code in ('invalid_argument', 'already_exists'));
alter table outbox.audit_event add constraint sent_or_refused check (sent_at is null or refused_code is null);
drop index outbox.audit_event_unsent;
create index audit_event_unsent on outbox.audit_event (seq) where sent_at is null and refused_code is null;

create or replace function outbox.unsent(p_limit integer) returns table (seq bigint, event_id uuid, org_id uuid, body bytea)
language sql stable security definer
set search_path = pg_catalog
as $$
  select e.seq, e.event_id, e.org_id, e.body from outbox.audit_event e
  where e.sent_at is null and e.refused_code is null order by e.seq limit p_limit
$$;

create function outbox.mark_refused(p_seq bigint, p_code text) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$ update outbox.audit_event set refused_code = p_code where seq = p_seq and sent_at is null $$;

revoke execute on function outbox.mark_refused(bigint, text) from public;
grant execute on function outbox.mark_refused(bigint, text) to lethe_accounting_control;
