-- The one way in. Gives the event its index under the lock of audit.state, in one transaction with the row itself, or
-- answers with the index it has. No error of these functions carries a value.
create function audit.append_event(
  p_event_id uuid,
  p_org_id uuid,
  p_body bytea,
  p_event_type text,
  p_event_time timestamptz,
  p_actor_id text,
  p_target_kind text,
  p_target_id text,
  p_outcome text
) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
  v_idx bigint;
  v_known record;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    -- Behind the lock, an older snapshot would not see the event that was appended just before.
    raise exception 'read committed required' using errcode = 'AUD04';
  end if;
  -- An answer says that the event is kept: no setting of the server or the session may loosen that.
  perform set_config('synchronous_commit', 'on', true);
  select s.size into strict v_idx from audit.state s for update;
  select l.idx, e.org_id, e.body into v_known
  from audit.event e join audit.leaf l using (event_id) where e.event_id = p_event_id;
  if found then
    if v_known.body is distinct from p_body or v_known.org_id is distinct from p_org_id then
      raise exception 'the event id is taken' using errcode = 'AUD05';
    end if;
    return v_known.idx;
  end if;
  insert into audit.event
    (event_id, org_id, body, event_type, event_time, actor_id, target_kind, target_id, outcome)
  values
    (p_event_id, p_org_id, p_body, p_event_type, p_event_time, p_actor_id, p_target_kind, p_target_id, p_outcome);
  insert into audit.leaf (idx, event_id, org_id, leaf_hash)
  values (v_idx, p_event_id, p_org_id, sha256('\x00'::bytea || p_body));
  update audit.state set size = size + 1;
  perform pg_notify('lethe_audit_event', '');
  return v_idx;
end $$;

create function audit.mark_published(p_next_idx bigint) returns void
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
  if p_next_idx > (select s.size from audit.state s) then
    raise exception 'beyond the end of the log' using errcode = 'AUD06';
  end if;
  update audit.publish_state set next_idx = p_next_idx where next_idx < p_next_idx;
end $$;

revoke execute on all functions in schema audit from public;
grant execute on function audit.current_org(), audit.reads_all() to lethe_audit_append;
grant execute on function
audit.append_event(uuid, uuid, bytea, text, timestamptz, text, text, text, text),
audit.mark_published(bigint)
to lethe_audit_append;
grant select on audit.event, audit.leaf, audit.state, audit.publish_state to lethe_audit_append;
