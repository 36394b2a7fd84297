-- Runtime roles own nothing and may do only what the later steps grant. The launcher gives them a login.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'] loop
    if not exists (select from pg_roles where rolname = v_role) then
      execute format('create role %I nologin', v_role);
      -- A frozen client must not hold an organization's lock for ever: sealing waits for it.
      execute format('alter role %I set idle_in_transaction_session_timeout = %L', v_role, '5s');
      execute format('alter role %I set statement_timeout = %L', v_role, '15s');
    end if;
  end loop;
end $$;

create schema usage;
create schema ingest;
create schema payload;
create schema outbox;

grant usage on schema usage to lethe_telemetry_w, lethe_accounting_control, lethe_accounting_r;
grant usage on schema ingest to lethe_accounting_control, lethe_accounting_r;
-- Not to lethe_telemetry_w: the telemetry path cannot write payload, whatever it decodes.
grant usage on schema payload to lethe_payload_w, lethe_accounting_r;
grant usage on schema outbox to lethe_accounting_control, lethe_accounting_r;

-- The organization a read is for. Missing or empty means no rows, never all rows.
create function usage.current_org() returns uuid
language sql stable
set search_path = pg_catalog
as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;

create function usage.is_operator() returns boolean
language sql stable
set search_path = pg_catalog
as $$ select coalesce(current_setting('app.operator', true), '') = 'on' $$;

revoke execute on all functions in schema usage from public;
grant execute on all functions in schema usage to lethe_accounting_r;
