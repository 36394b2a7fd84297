-- Where a temporary schema is not named in a search path it comes first, for tables and for types: a session that may
-- make temporary objects could put its own types under a cast in a function of the owner. Named, it comes last.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'audit'::regnamespace
  loop
    execute pg_catalog.format('alter function %s set search_path = pg_catalog, pg_temp', v_function);
  end loop;
end $$;
