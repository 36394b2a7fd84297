-- The one way in, a batch at a time. No error of these functions carries a value.
drop function audit.append_event(uuid, uuid, bytea, text, timestamptz, text, text, text, text);

-- Waits for whoever appends now and keeps others out until the transaction ends.
create function audit.lock_log() returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform from audit.state for update;
end $$;

-- Whether every new node is the hash of its children, and all that were completed are there: below a size there are
-- as many complete subtrees above the leaves as it has leaves, less its binary ones.
create function audit.check_nodes(p_from bigint, p_to bigint, p_levels integer[], p_ns bigint[]) returns void
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
    '\x01'::bytea || audit.subtree_hash(w.level - 1, w.n * 2) || audit.subtree_hash(w.level - 1, w.n * 2 + 1));
  if found then
    raise exception 'a node is not the hash of its children' using errcode = 'AUD08';
  end if;
end $$;

-- Appends a batch to the log it was computed for, all of it or nothing. 'moved': the log is another by now. 'known':
-- one of the events is in the log. The hashes are computed again here: whoever calls can append, and cannot lie.
create function audit.append_batch(
  p_size bigint,
  p_root bytea,
  p_event_ids uuid[],
  p_org_ids uuid[],
  p_bodies bytea[],
  p_event_types text[],
  p_event_times_ms double precision[],
  p_actor_ids text[],
  p_target_kinds text[],
  p_target_ids text[],
  p_outcomes text[],
  p_node_levels integer[],
  p_node_ns bigint[],
  p_node_hashes bytea[],
  p_new_root bytea,
  p_note text
) returns text
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_state record;
  v_new_size bigint := p_size + cardinality(p_event_ids);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    -- Behind the lock, an older snapshot would not see what was appended just before.
    raise exception 'read committed required' using errcode = 'AUD04';
  end if;
  -- An answer says that the event is kept: no setting of the server or the session may loosen that.
  perform set_config('synchronous_commit', 'on', true);
  if cardinality(p_event_ids) not between 1 and 256 or cardinality(p_bodies) <> cardinality(p_event_ids) then
    raise exception 'not a batch' using errcode = 'AUD07';
  end if;
  select s.size, s.root into strict v_state from audit.state s for update;
  if v_state.size <> p_size or v_state.root <> p_root then
    return 'moved';
  end if;
  if exists (select from audit.event e where e.event_id = any (p_event_ids)) then
    return 'known';
  end if;
  insert into audit.event
    (event_id, org_id, body, event_type, event_time, actor_id, target_kind, target_id, outcome)
  select u.event_id, u.org_id, u.body, u.event_type, to_timestamp(u.event_time_ms / 1000), u.actor_id, u.target_kind,
    u.target_id, u.outcome
  from unnest(p_event_ids, p_org_ids, p_bodies, p_event_types, p_event_times_ms, p_actor_ids, p_target_kinds,
    p_target_ids, p_outcomes)
    as u (event_id, org_id, body, event_type, event_time_ms, actor_id, target_kind, target_id, outcome);
  insert into audit.leaf (idx, event_id, org_id, leaf_hash)
  select p_size + u.place - 1, u.event_id, u.org_id, sha256('\x00'::bytea || u.body)
  from unnest(p_event_ids, p_org_ids, p_bodies) with ordinality as u (event_id, org_id, body, place);
  insert into audit.node (level, n, hash)
  select u.level, u.n, u.hash from unnest(p_node_levels, p_node_ns, p_node_hashes) as u (level, n, hash);
  perform audit.check_nodes(p_size, v_new_size, p_node_levels, p_node_ns);
  if audit.root_of(v_new_size) <> p_new_root then
    raise exception 'another root' using errcode = 'AUD08';
  end if;
  update audit.state set size = v_new_size, root = p_new_root;
  insert into audit.checkpoint (size, root, note) values (v_new_size, p_new_root, p_note);
  perform pg_notify('lethe_audit_event', '');
  return 'appended';
end $$;

-- Keeps the first checkpoint of a log that has none at its size.
create function audit.put_checkpoint(p_size bigint, p_root bytea, p_note text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  perform from audit.state s where s.size = p_size and s.root = p_root for update;
  if not found then
    raise exception 'not the log as it is' using errcode = 'AUD09';
  end if;
  insert into audit.checkpoint (size, root, note) values (p_size, p_root, p_note) on conflict do nothing;
  perform pg_notify('lethe_audit_event', '');
end $$;

create function audit.put_cosignature(p_size bigint, p_witness text, p_line text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  insert into audit.cosignature (size, witness, line) values (p_size, p_witness, p_line) on conflict do nothing;
  perform pg_notify('lethe_audit_event', '');
end $$;

-- Hashes of complete subtrees and of leaves, whoever's events they are of: they say nothing about those.
create function audit.node_hashes(p_levels integer[], p_ns bigint[])
returns table (level integer, n bigint, hash bytea)
language sql stable security definer
set search_path = pg_catalog
as $$
  select 0, l.idx, l.leaf_hash
  from unnest(p_levels, p_ns) as w (level, n) join audit.leaf l on l.idx = w.n where w.level = 0
  union all
  select x.level, x.n, x.hash
  from unnest(p_levels, p_ns) as w (level, n) join audit.node x on x.level = w.level and x.n = w.n where w.level > 0
$$;

-- The hashes of a run of neighbours, one after the other; fewer bytes when some are missing.
create function audit.run_of_hashes(p_level integer, p_first bigint, p_count integer) returns bytea
language sql stable security definer
set search_path = pg_catalog
as $$
  select case when p_level = 0
    then (select string_agg(l.leaf_hash, ''::bytea order by l.idx) from audit.leaf l
      where l.idx >= p_first and l.idx < p_first + p_count)
    else (select string_agg(x.hash, ''::bytea order by x.n) from audit.node x
      where x.level = p_level and x.n >= p_first and x.n < p_first + p_count)
  end
$$;

create function audit.mark_checkpoint_published(p_size bigint) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  if p_size > (select s.size from audit.state s) then
    raise exception 'beyond the end of the log' using errcode = 'AUD06';
  end if;
  update audit.publish_state set checkpoint_size = p_size where checkpoint_size < p_size;
end $$;

revoke execute on all functions in schema audit from public;
grant execute on function
audit.lock_log(),
audit.append_batch(
  bigint, bytea, uuid[], uuid[], bytea[], text[], double precision[], text[], text[], text[], text[],
  integer[], bigint[], bytea[], bytea, text
),
audit.put_checkpoint(bigint, bytea, text),
audit.put_cosignature(bigint, text, text),
audit.node_hashes(integer[], bigint[]),
audit.run_of_hashes(integer, bigint, integer),
audit.mark_checkpoint_published(bigint)
to lethe_audit_append;
