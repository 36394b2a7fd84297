-- The tree over the leaves: its complete subtrees above the leaves, what was signed, and who cosigned it. None of it
-- says anything about an organization.
create table audit.node (
  level integer not null check (level between 1 and 52),
  n bigint not null check (n >= 0),
  hash bytea not null check (octet_length(hash) = 32),
  primary key (level, n)
);

create table audit.checkpoint (
  size bigint primary key check (size >= 0),
  root bytea not null check (octet_length(root) = 32),
  note text not null check (octet_length(note) between 1 and 131072),
  signed_at timestamptz not null default clock_timestamp()
);

create table audit.cosignature (
  size bigint not null references audit.checkpoint (size),
  witness text not null check (octet_length(witness) between 1 and 255),
  line text not null check (octet_length(line) between 1 and 1024),
  primary key (size, witness)
);

-- What keeps the tombstones needs these events and no others.
create index event_zdr_enabled on audit.event (event_id) where event_type = 'zdr.enabled';

create trigger node_is_kept before update or delete on audit.node
for each row execute function audit.refuse_change();
create trigger node_is_not_truncated before truncate on audit.node
for each statement execute function audit.refuse_change();
create trigger checkpoint_is_kept before update or delete on audit.checkpoint
for each row execute function audit.refuse_change();
create trigger checkpoint_is_not_truncated before truncate on audit.checkpoint
for each statement execute function audit.refuse_change();
create trigger cosignature_is_kept before update or delete on audit.cosignature
for each row execute function audit.refuse_change();
create trigger cosignature_is_not_truncated before truncate on audit.cosignature
for each statement execute function audit.refuse_change();
alter table audit.node enable always trigger node_is_kept;
alter table audit.node enable always trigger node_is_not_truncated;
alter table audit.checkpoint enable always trigger checkpoint_is_kept;
alter table audit.checkpoint enable always trigger checkpoint_is_not_truncated;
alter table audit.cosignature enable always trigger cosignature_is_kept;
alter table audit.cosignature enable always trigger cosignature_is_not_truncated;

-- The hash of one complete subtree, a leaf's included.
create function audit.subtree_hash(p_level integer, p_n bigint) returns bytea
language sql stable
set search_path = pg_catalog
as $$
  select case when p_level = 0
    then (select l.leaf_hash from audit.leaf l where l.idx = p_n)
    else (select x.hash from audit.node x where x.level = p_level and x.n = p_n)
  end
$$;

-- RFC 6962: the complete subtrees that make up a size, folded from the right.
create function audit.root_of(p_size bigint) returns bytea
language plpgsql stable
set search_path = pg_catalog
as $$
declare
  v_root bytea;
  v_hash bytea;
begin
  for v_level in 0..52 loop
    if (p_size >> v_level) & 1 = 1 then
      v_hash := audit.subtree_hash(v_level, (p_size >> v_level) - 1);
      v_root := case when v_root is null then v_hash else sha256('\x01'::bytea || v_hash || v_root) end;
    end if;
  end loop;
  return case when p_size = 0 then sha256(''::bytea) else v_root end;
end $$;

-- The log now grows by a batch, and says what it holds by its root.
alter table audit.state add column root bytea check (octet_length(root) = 32);
create or replace function audit.check_size() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  if new.root is null or new.size < old.size or (new.size = old.size and old.root is not null) then
    raise exception 'the audit log only grows' using errcode = 'AUD02';
  end if;
  return new;
end $$;

-- A log that was written before there was a tree gets its nodes here and its first checkpoint from the service.
do $$
declare
  v_level integer := 1;
begin
  insert into audit.node (level, n, hash)
  select 1, l.idx / 2, sha256('\x01'::bytea || l.leaf_hash || r.leaf_hash)
  from audit.leaf l join audit.leaf r on r.idx = l.idx + 1 where l.idx % 2 = 0;
  while found loop
    insert into audit.node (level, n, hash)
    select v_level + 1, l.n / 2, sha256('\x01'::bytea || l.hash || r.hash)
    from audit.node l join audit.node r on r.level = v_level and r.n = l.n + 1
    where l.level = v_level and l.n % 2 = 0;
    v_level := v_level + 1;
  end loop;
end $$;
update audit.state set root = audit.root_of(size);
alter table audit.state alter column root set not null;

-- The size of the newest checkpoint that the topic has.
alter table audit.publish_state add column checkpoint_size bigint not null default -1 check (checkpoint_size >= -1);
create or replace function audit.check_published() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  if new.next_idx < old.next_idx or new.checkpoint_size < old.checkpoint_size then
    raise exception 'what was published stays published' using errcode = 'AUD03';
  end if;
  return new;
end $$;

revoke execute on all functions in schema audit from public;
grant select on audit.node, audit.checkpoint, audit.cosignature to lethe_audit_append;
