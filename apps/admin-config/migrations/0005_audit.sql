-- What the audit log needs of this service. E-mail and address of who acts stand in events only as
-- SHA-256(salt || value); without the salt nobody can tell whose they are, so it is kept apart and may be deleted.
alter table config.app_user add column email text
  check (char_length(email) between 3 and 254 and email ~ '^[^[:space:][:cntrl:]@]+@[^[:space:][:cntrl:]@]+$');

-- Not bound to app_user: the nil UUID stands for the operator.
create table config.audit_salt (
  user_id uuid primary key,
  salt bytea not null check (octet_length(salt) = 32)
);

-- The hour of the newest census, over all replicas.
create table config.zdr_census (
  singleton boolean primary key default true check (singleton),
  hour timestamptz not null
);

-- Organizations that the anchors of the audit log know as ZDR while this database did not: it was set back. Grows only.
create table config.zdr_tombstone (
  org_id uuid primary key,
  enabled_at timestamptz not null,
  event_id uuid not null,
  detected_at timestamptz not null
);

-- A row that its destination refuses for ever: kept, told of, and passed by.
alter table config.outbox add column refused_code text
  check (refused_code in ('invalid_argument', 'already_exists'));
alter table config.outbox add constraint outbox_sent_or_refused check (sent_at is null or refused_code is null);
drop index config.outbox_unsent;
create index outbox_unsent on config.outbox (destination, config_version, ordinal)
  where sent_at is null and refused_code is null;

create function config.guard_zdr_tombstone() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  raise exception 'a tombstone stays as it is' using errcode = 'ZDR01';
end $$;
revoke execute on function config.guard_zdr_tombstone() from public;
create trigger guard_row before update or delete on config.zdr_tombstone
  for each row execute function config.guard_zdr_tombstone();
create trigger guard_truncate before truncate on config.zdr_tombstone
  for each statement execute function config.guard_zdr_tombstone();
alter table config.zdr_tombstone enable always trigger guard_row;
alter table config.zdr_tombstone enable always trigger guard_truncate;

grant select, insert, delete on config.audit_salt to lethe_admin;
grant select, insert, update (hour) on config.zdr_census to lethe_admin;
grant select, insert on config.zdr_tombstone to lethe_admin;
grant update (refused_code) on config.outbox to lethe_admin;
