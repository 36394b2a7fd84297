-- A session plans the statements of a function once, and a log is small when its service first appends: without this
-- the plans that suit a small table (read all of it) stay until the statistics are next gathered, and each append
-- would read the whole log.
do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array array[
    'audit.append_batch(bigint, bytea, uuid[], uuid[], bytea[], text[], double precision[], text[], text[], text[],
      text[], integer[], bigint[], bytea[], bytea, text)',
    'audit.node_hashes(integer[], bigint[])',
    'audit.run_of_hashes(integer, bigint, integer)'
  ]::regprocedure[] loop
    execute format('alter function %s set enable_seqscan = off', v_function);
    execute format('alter function %s set enable_hashjoin = off', v_function);
    execute format('alter function %s set enable_mergejoin = off', v_function);
  end loop;
end $$;

-- Index and bytes of one event, whoever's it is, in one statement: what a proof begins with. The service decides who
-- may see it.
create function audit.place_of(p_idx bigint, p_event_id uuid) returns table (idx bigint, body bytea)
language sql stable security definer
set search_path = pg_catalog
set enable_seqscan = off
as $$
  select l.idx, e.body from audit.leaf l join audit.event e on e.event_id = l.event_id
  where l.idx = coalesce(p_idx, (select x.idx from audit.leaf x where x.event_id = p_event_id))
$$;
revoke execute on function audit.place_of(bigint, uuid) from public;
grant execute on function audit.place_of(bigint, uuid) to lethe_audit_append;
