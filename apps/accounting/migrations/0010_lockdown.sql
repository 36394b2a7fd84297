-- Where a temporary schema is not named in a search path it comes first, for tables and for types: a session that may
-- make temporary objects could put its own `text` under a cast in a function of the owner. Named, it comes last.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure from pg_catalog.pg_proc p
    where p.pronamespace::regnamespace::text in ('usage', 'ingest', 'payload', 'outbox')
  loop
    execute pg_catalog.format('alter function %s set search_path = pg_catalog, pg_temp', v_function);
  end loop;
end $$;

-- Row-level security holds for the owner too, wherever it is on; the owner's functions are named as who may pass.
create policy owner_acts on ingest.api_key_copy to lethe_owner using (true) with check (true);
create policy owner_acts on ingest.at_rest_key to lethe_owner using (true) with check (true);
alter table ingest.api_key_copy force row level security;
alter table ingest.at_rest_key force row level security;
