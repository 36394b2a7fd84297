-- Applied under lethe_owner, which cannot log in and owns the schema audit with all that is in it. The role of the
-- running service owns nothing; whoever deploys gives it LOGIN and a password.
do $$
begin
  if not exists (select from pg_roles where rolname = 'lethe_audit_append') then
    create role lethe_audit_append nologin;
    -- A frozen client must not hold the lock that gives out indexes.
    alter role lethe_audit_append set statement_timeout = '5s';
    alter role lethe_audit_append set lock_timeout = '4s';
    alter role lethe_audit_append set idle_in_transaction_session_timeout = '30s';
  end if;
end $$;

create schema if not exists audit;
grant usage on schema audit to lethe_audit_append;

-- Whose events a transaction reads. Missing or empty means no rows, never all rows.
create function audit.current_org() returns uuid
language sql stable
set search_path = pg_catalog
as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;

create function audit.reads_all() returns boolean
language sql stable
set search_path = pg_catalog
as $$ select coalesce(current_setting('app.reads_all', true), '') = 'on' $$;
