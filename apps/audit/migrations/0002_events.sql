-- An event as it arrived. The columns beside the body repeat parts of it, so that it can be found.
create table audit.event (
  event_id uuid primary key,
  org_id uuid,
  body bytea not null check (octet_length(body) between 2 and 60000),
  event_type text not null check (octet_length(event_type) between 1 and 64),
  event_time timestamptz not null,
  actor_id text not null check (octet_length(actor_id) between 1 and 128),
  target_kind text not null check (octet_length(target_kind) between 1 and 64),
  target_id text not null check (octet_length(target_id) between 1 and 128),
  outcome text not null check (outcome in ('success', 'refused')),
  received_at timestamptz not null default clock_timestamp()
);

-- The place of an event in the log: dense from 0, in the order of the commits.
create table audit.leaf (
  idx bigint primary key check (idx >= 0),
  event_id uuid not null unique references audit.event (event_id),
  org_id uuid,
  leaf_hash bytea not null check (octet_length(leaf_hash) = 32)
);
create index leaf_by_org on audit.leaf (org_id, idx);

-- How long the log is. Its row lock is what gives indexes out one at a time.
create table audit.state (
  one boolean primary key default true check (one),
  size bigint not null check (size >= 0)
);
insert into audit.state (size) values (0);

-- The index of the next event to publish.
create table audit.publish_state (
  one boolean primary key default true check (one),
  next_idx bigint not null check (next_idx >= 0)
);
insert into audit.publish_state (next_idx) values (0);

create function audit.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  raise exception 'the audit log is only appended to' using errcode = 'AUD01';
end $$;

create function audit.check_size() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  if new.size is distinct from old.size + 1 then
    raise exception 'the audit log grows by one' using errcode = 'AUD02';
  end if;
  return new;
end $$;

create function audit.check_published() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  if new.next_idx < old.next_idx then
    raise exception 'what was published stays published' using errcode = 'AUD03';
  end if;
  return new;
end $$;

create trigger event_is_kept before update or delete on audit.event
for each row execute function audit.refuse_change();
create trigger event_is_not_truncated before truncate on audit.event
for each statement execute function audit.refuse_change();
create trigger leaf_is_kept before update or delete on audit.leaf
for each row execute function audit.refuse_change();
create trigger leaf_is_not_truncated before truncate on audit.leaf
for each statement execute function audit.refuse_change();
create trigger state_grows before update on audit.state
for each row execute function audit.check_size();
create trigger state_is_kept before delete on audit.state
for each row execute function audit.refuse_change();
create trigger state_is_not_truncated before truncate on audit.state
for each statement execute function audit.refuse_change();
create trigger publish_state_grows before update on audit.publish_state
for each row execute function audit.check_published();
create trigger publish_state_is_kept before delete on audit.publish_state
for each row execute function audit.refuse_change();
create trigger publish_state_is_not_truncated before truncate on audit.publish_state
for each statement execute function audit.refuse_change();

-- An ordinary trigger is skipped under session_replication_role = replica.
alter table audit.event enable always trigger event_is_kept;
alter table audit.event enable always trigger event_is_not_truncated;
alter table audit.leaf enable always trigger leaf_is_kept;
alter table audit.leaf enable always trigger leaf_is_not_truncated;
alter table audit.state enable always trigger state_grows;
alter table audit.state enable always trigger state_is_kept;
alter table audit.state enable always trigger state_is_not_truncated;
alter table audit.publish_state enable always trigger publish_state_grows;
alter table audit.publish_state enable always trigger publish_state_is_kept;
alter table audit.publish_state enable always trigger publish_state_is_not_truncated;

-- Readers see their own organization. The owner, whose functions write, sees what it must.
alter table audit.event enable row level security;
alter table audit.event force row level security;
alter table audit.leaf enable row level security;
alter table audit.leaf force row level security;
create policy event_of_the_reader on audit.event for select to lethe_audit_append
using (audit.reads_all() or org_id = audit.current_org());
create policy leaf_of_the_reader on audit.leaf for select to lethe_audit_append
using (audit.reads_all() or org_id = audit.current_org());
create policy event_of_the_owner on audit.event to current_user using (true) with check (true);
create policy leaf_of_the_owner on audit.leaf to current_user using (true) with check (true);
