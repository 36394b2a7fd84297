-- What a batch costs. Its events come as one text and where each ends: as an array of bytea they would be sent as
-- twice their bytes and read again one by one. The subtrees that a batch completes are hashed here, a level at a
-- time, and are no longer sent to be compared: that both sides hash alike is seen by the root.
drop function audit.append_batch(
  bigint, bytea, uuid[], uuid[], bytea[], text[], double precision[], text[], text[], text[], text[],
  integer[], bigint[], bytea[], bytea, text
);
drop function audit.check_nodes(bigint, bigint, integer[], bigint[]);

-- RFC 6962: the complete subtrees that make up a size, folded from the right.
create or replace function audit.root_of(p_size bigint) returns bytea
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hashes bytea[];
  v_hash bytea;
  v_root bytea;
begin
  select array_agg(case when g.level = 0
      then (select l.leaf_hash from audit.leaf l where l.idx = p_size - 1)
      else (select x.hash from audit.node x where x.level = g.level and x.n = (p_size >> g.level) - 1) end
    order by g.level)
  into v_hashes
  from generate_series(0, 52) g (level) where (p_size >> g.level) & 1 = 1;
  if v_hashes is null then
    return sha256(''::bytea);
  end if;
  foreach v_hash in array v_hashes loop
    v_root := case when v_root is null then v_hash else sha256('\x01'::bytea || v_hash || v_root) end;
  end loop;
  return v_root;
end $$;
drop function audit.subtree_hash(integer, bigint);

-- Hashes every subtree above the leaves that is complete at one size and was not at another.
create function audit.add_nodes(p_from bigint, p_to bigint) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_level integer := 1;
  v_first bigint;
  v_last bigint;
  v_hashes bytea[];
begin
  loop
    v_first := p_from >> v_level;
    v_last := (p_to >> v_level) - 1;
    exit when v_last < v_first;
    if v_level = 1 then
      select array_agg(sha256('\x01'::bytea
          || (select l.leaf_hash from audit.leaf l where l.idx = g.n * 2)
          || (select l.leaf_hash from audit.leaf l where l.idx = g.n * 2 + 1)) order by g.n)
      into v_hashes from generate_series(v_first, v_last) g (n);
    else
      select array_agg(sha256('\x01'::bytea
          || (select x.hash from audit.node x where x.level = v_level - 1 and x.n = g.n * 2)
          || (select x.hash from audit.node x where x.level = v_level - 1 and x.n = g.n * 2 + 1)) order by g.n)
      into v_hashes from generate_series(v_first, v_last) g (n);
    end if;
    if array_position(v_hashes, null) is not null then
      raise exception 'nodes are missing' using errcode = 'AUD08';
    end if;
    insert into audit.node (level, n, hash)
    select v_level, v_first + u.place - 1, u.hash from unnest(v_hashes) with ordinality as u (hash, place);
    v_level := v_level + 1;
  end loop;
end $$;

-- Appends a batch to the log it was computed for, all of it or nothing. 'moved': the log is another by now. 'known':
-- one of the events is in the log. The hashes are computed here: whoever calls can append, and cannot lie.
create function audit.append_batch(
  p_size bigint,
  p_root bytea,
  p_event_ids uuid[],
  p_org_ids uuid[],
  p_bodies text,
  p_body_ends integer[],
  p_event_types text[],
  p_event_times_ms double precision[],
  p_actor_ids text[],
  p_target_kinds text[],
  p_target_ids text[],
  p_outcomes text[],
  p_new_root bytea,
  p_note text
) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_state record;
  v_count integer := cardinality(p_event_ids);
  v_new_size bigint := p_size + v_count;
  v_packed bytea := convert_to(p_bodies, 'UTF8');
  v_bodies bytea[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    -- Behind the lock, an older snapshot would not see what was appended just before.
    raise exception 'read committed required' using errcode = 'AUD04';
  end if;
  -- An answer says that the event is kept: no setting of the server or the session may loosen that.
  perform set_config('synchronous_commit', 'on', true);
  if v_count not between 1 and 256 or cardinality(p_body_ends) <> v_count
    or p_body_ends[v_count] <> octet_length(v_packed)
  then
    raise exception 'not a batch' using errcode = 'AUD07';
  end if;
  select s.size, s.root into strict v_state from audit.state s for update;
  if v_state.size <> p_size or v_state.root <> p_root then
    return 'moved';
  end if;
  if exists (select from audit.event e where e.event_id = any (p_event_ids)) then
    return 'known';
  end if;
  select array_agg(substring(v_packed from e.start + 1 for e.ending - e.start) order by e.place) into v_bodies
  from (
    select u.ending, coalesce(lag(u.ending) over (order by u.place), 0) as start, u.place
    from unnest(p_body_ends) with ordinality as u (ending, place)
  ) e;
  insert into audit.event
    (event_id, org_id, body, event_type, event_time, actor_id, target_kind, target_id, outcome)
  select u.event_id, u.org_id, u.body, u.event_type, to_timestamp(u.event_time_ms / 1000), u.actor_id, u.target_kind,
    u.target_id, u.outcome
  from unnest(p_event_ids, p_org_ids, v_bodies, p_event_types, p_event_times_ms, p_actor_ids, p_target_kinds,
    p_target_ids, p_outcomes)
    as u (event_id, org_id, body, event_type, event_time_ms, actor_id, target_kind, target_id, outcome);
  insert into audit.leaf (idx, event_id, org_id, leaf_hash)
  select p_size + u.place - 1, u.event_id, u.org_id, sha256('\x00'::bytea || u.body)
  from unnest(p_event_ids, p_org_ids, v_bodies) with ordinality as u (event_id, org_id, body, place);
  perform audit.add_nodes(p_size, v_new_size);
  if audit.root_of(v_new_size) is distinct from p_new_root then
    raise exception 'another root' using errcode = 'AUD08';
  end if;
  update audit.state set size = v_new_size, root = p_new_root;
  insert into audit.checkpoint (size, root, note) values (v_new_size, p_new_root, p_note);
  -- A service that knows the log up to this size need not look.
  perform pg_notify('lethe_audit_event', v_new_size::text);
  return 'appended';
end $$;

-- One event that the reader may see, with all that a proof of it is made of, in one statement. Runs as its caller: which
-- rows there are is for the policies of the tables to say. The reader is an organization, or 'all'.
create function audit.read_event(p_reader text, p_event_id uuid, p_size bigint)
returns table (
  idx bigint, body bytea, org_id uuid, leaf_org_id uuid, event_type text, time_ms double precision, actor_id text,
  target_kind text, target_id text, outcome text, hashes bytea
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  perform set_config('app.org_id', case when p_reader = 'all' then '' else p_reader end, true),
    set_config('app.reads_all', case when p_reader = 'all' then 'on' else '' end, true);
  return query
  select l.idx, e.body, e.org_id, l.org_id, e.event_type, (extract(epoch from e.event_time) * 1000)::double precision,
    e.actor_id, e.target_kind, e.target_id, e.outcome, p.hashes
  from audit.leaf l join audit.event e on e.event_id = l.event_id
    cross join lateral audit.proof_parts(l.idx, null, p_size) p
  where l.event_id = p_event_id;
end $$;

revoke execute on function audit.root_of(bigint), audit.add_nodes(bigint, bigint),
audit.append_batch(
  bigint, bytea, uuid[], uuid[], text, integer[], text[], double precision[], text[], text[], text[], text[],
  bytea, text
), audit.read_event(text, uuid, bigint) from public;
grant execute on function
audit.append_batch(
  bigint, bytea, uuid[], uuid[], text, integer[], text[], double precision[], text[], text[], text[], text[],
  bytea, text
), audit.read_event(text, uuid, bigint) to lethe_audit_append;
