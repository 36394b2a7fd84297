-- Holes that the lockdown suite found. One more private SQLSTATE:
--   ZDR07 ZDR is enabled in a read committed transaction only
-- In an older snapshot the guard would not see a key that began to log, or a transit key that came, after the
-- transaction began: both writers only share the organization's row, so nothing else would stop the commit.
create function config.guard_zdr_isolation() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if old.zdr_enabled_at is null and new.zdr_enabled_at is not null
    and current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'read committed required' using errcode = 'ZDR07';
  end if;
  return new;
end $$;
create trigger guard_isolation before update on config.organization
  for each row execute function config.guard_zdr_isolation();
alter table config.organization enable always trigger guard_isolation;

-- What a guard remembers only grows: lowered first, it could be lifted without a repair.
create function config.guard_zdr_guard_grows() returns trigger
  language plpgsql security definer set search_path = config, pg_temp as $$
begin
  if (new.reason, new.raised_at) is distinct from (old.reason, old.raised_at)
    or new.seen_version < old.seen_version then
    raise exception 'a guard stays until it is repaired' using errcode = 'GRD01';
  end if;
  return new;
end $$;
create trigger guard_grows before update on config.zdr_guard
  for each row execute function config.guard_zdr_guard_grows();
alter table config.zdr_guard enable always trigger guard_grows;
revoke execute on function config.guard_zdr_isolation(), config.guard_zdr_guard_grows() from public;
