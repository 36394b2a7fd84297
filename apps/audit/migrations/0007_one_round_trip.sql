-- The same check as before, its look-ups within one statement: a call of a function for each child cost more than the
-- hash itself.
create or replace function audit.check_nodes(p_from bigint, p_to bigint, p_levels integer[], p_ns bigint[]) returns void
language plpgsql stable
set search_path = pg_catalog
as $$
begin
  if cardinality(p_ns)
    <> (p_to - bit_count(p_to::bit(64))) - (p_from - bit_count(p_from::bit(64)))
  then
    raise exception 'nodes are missing' using errcode = 'AUD08';
  end if;
  perform from unnest(p_levels, p_ns) as w (level, n)
  where (select x.hash from audit.node x where x.level = w.level and x.n = w.n) is distinct from sha256(
    '\x01'::bytea
    || case when w.level = 1
      then (select l.leaf_hash from audit.leaf l where l.idx = w.n * 2)
      else (select x.hash from audit.node x where x.level = w.level - 1 and x.n = w.n * 2) end
    || case when w.level = 1
      then (select l.leaf_hash from audit.leaf l where l.idx = w.n * 2 + 1)
      else (select x.hash from audit.node x where x.level = w.level - 1 and x.n = w.n * 2 + 1) end);
  if found then
    raise exception 'a node is not the hash of its children' using errcode = 'AUD08';
  end if;
end $$;

-- All that a proof is made of, whoever's event it is: its place, its bytes, and the complete subtrees beside its path
-- and at the ragged end of a tree of p_size leaves, each as level (4 bytes), number (8 bytes) and hash (32 bytes).
-- Without hashes when the tree does not reach as far as the event. The service decides who may see it.
create function audit.proof_parts(p_idx bigint, p_event_id uuid, p_size bigint)
returns table (idx bigint, body bytea, hashes bytea)
language plpgsql stable security definer
set search_path = pg_catalog
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_idx bigint := coalesce(p_idx, (select l.idx from audit.leaf l where l.event_id = p_event_id));
  v_body bytea;
  v_hashes bytea;
begin
  select e.body into v_body from audit.leaf l join audit.event e on e.event_id = l.event_id where l.idx = v_idx;
  if not found then
    return;
  end if;
  if v_idx < p_size then
    select string_agg(int4send(w.level) || int8send(w.n) || case when w.level = 0
        then (select l.leaf_hash from audit.leaf l where l.idx = w.n)
        else (select x.hash from audit.node x where x.level = w.level and x.n = w.n) end, ''::bytea)
    into v_hashes
    from (
      select g.level, (v_idx >> g.level) # 1 as n from generate_series(0, 52) g (level)
      where (((v_idx >> g.level) # 1) + 1) << g.level <= p_size
      union
      select g.level, (p_size >> g.level) - 1 from generate_series(0, 52) g (level)
      where (p_size >> g.level) & 1 = 1
    ) w;
  end if;
  return query select v_idx, v_body, coalesce(v_hashes, ''::bytea);
end $$;
drop function audit.place_of(bigint, uuid);

revoke execute on function audit.check_nodes(bigint, bigint, integer[], bigint[]),
audit.proof_parts(bigint, uuid, bigint) from public;
grant execute on function audit.proof_parts(bigint, uuid, bigint) to lethe_audit_append;
