-- Layer 4 in the database: ZDR is irrevocable whatever the service's code does. Triggers are ENABLE ALWAYS, so that
-- session_replication_role does not switch them off. Private SQLSTATEs tell the refusals apart:
--   ZDR01 ZDR cannot be changed or taken back      ZDR02 organizations are permanent
--   ZDR03 logging or debug under ZDR               ZDR04 a key and its secrets stay where they are
--   ZDR05 a transit key under ZDR                  ZDR06 the config version only grows by one
--   OBX01 an outbox row that was not sent stays
-- The functions run as lethe_owner because FOR SHARE needs a right that the service does not have everywhere; the
-- search path is pinned, with pg_temp last, so that no temporary table can stand in for a real one.
create function config.guard_organization() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'organizations are permanent' using errcode = 'ZDR02';
  end if;
  if new.id is distinct from old.id then
    raise exception 'organizations are permanent' using errcode = 'ZDR02';
  end if;
  if old.zdr_enabled_at is not null then
    if (new.zdr_enabled_at, new.zdr_version, new.zdr_keys_forced_off, new.zdr_event_id)
      is distinct from (old.zdr_enabled_at, old.zdr_version, old.zdr_keys_forced_off, old.zdr_event_id) then
      raise exception 'ZDR is irrevocable' using errcode = 'ZDR01';
    end if;
  elsif new.zdr_enabled_at is not null then
    if exists (select from api_key where org_id = new.id and (logging or debug)) then
      raise exception 'a key still has logging or debug' using errcode = 'ZDR03';
    end if;
    if exists (select from transit_key where org_id = new.id) then
      raise exception 'a transit key is still there' using errcode = 'ZDR05';
    end if;
  end if;
  return new;
end $$;

create function config.guard_api_key() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
declare
  zdr_since timestamptz;
begin
  if tg_op = 'UPDATE' and (new.id, new.org_id) is distinct from (old.id, old.org_id) then
    raise exception 'a key stays in its organization' using errcode = 'ZDR04';
  end if;
  if new.logging or new.debug then
    -- FOR SHARE: a plain read would let a key slip in while ZDR is being committed.
    select zdr_enabled_at into zdr_since from organization where id = new.org_id for share;
    if zdr_since is not null then
      raise exception 'no logging and no debug under ZDR' using errcode = 'ZDR03';
    end if;
  end if;
  return new;
end $$;

create function config.guard_api_key_secret() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'a secret stays with its key' using errcode = 'ZDR04';
  end if;
  if (new.sha256, new.api_key_id) is distinct from (old.sha256, old.api_key_id) then
    raise exception 'a secret stays with its key' using errcode = 'ZDR04';
  end if;
  return new;
end $$;

create function config.guard_transit_key() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
declare
  zdr_since timestamptz;
begin
  select zdr_enabled_at into zdr_since from organization where id = new.org_id for share;
  if zdr_since is not null then
    raise exception 'no transit key under ZDR' using errcode = 'ZDR05';
  end if;
  return new;
end $$;

create function config.guard_config_version() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') or new.version is distinct from old.version + 1 then
    raise exception 'the config version only grows by one' using errcode = 'ZDR06';
  end if;
  return new;
end $$;

create function config.guard_outbox() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if tg_op = 'TRUNCATE' or old.sent_at is null then
    raise exception 'an outbox row that was not sent stays' using errcode = 'OBX01';
  end if;
  return old;
end $$;

create trigger guard_row before update or delete on config.organization
  for each row execute function config.guard_organization();
create trigger guard_truncate before truncate on config.organization
  for each statement execute function config.guard_organization();
create trigger guard_row before insert or update on config.api_key
  for each row execute function config.guard_api_key();
create trigger guard_row before update or delete on config.api_key_secret
  for each row execute function config.guard_api_key_secret();
create trigger guard_truncate before truncate on config.api_key_secret
  for each statement execute function config.guard_api_key_secret();
create trigger guard_row before insert or update on config.transit_key
  for each row execute function config.guard_transit_key();
create trigger guard_row before update or delete on config.config_version
  for each row execute function config.guard_config_version();
create trigger guard_truncate before truncate on config.config_version
  for each statement execute function config.guard_config_version();
create trigger guard_row before delete on config.outbox
  for each row execute function config.guard_outbox();
create trigger guard_truncate before truncate on config.outbox
  for each statement execute function config.guard_outbox();

alter table config.organization enable always trigger guard_row;
alter table config.organization enable always trigger guard_truncate;
alter table config.api_key enable always trigger guard_row;
alter table config.api_key_secret enable always trigger guard_row;
alter table config.api_key_secret enable always trigger guard_truncate;
alter table config.transit_key enable always trigger guard_row;
alter table config.config_version enable always trigger guard_row;
alter table config.config_version enable always trigger guard_truncate;
alter table config.outbox enable always trigger guard_row;
alter table config.outbox enable always trigger guard_truncate;
