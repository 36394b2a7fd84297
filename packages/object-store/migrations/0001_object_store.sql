-- The object store in Postgres: an object is a row that says how long it is, and its body in pieces of a mebibyte.
--
-- Whole or not at all. open_put makes the row, put_piece adds to a row of its own transaction only, and a check at
-- commit compares what came with what was announced. Readers see committed rows, so an object is never seen in part.
--
-- Rights. Runtime roles see no table. The router may put and nothing else; accounting may read, list and remove. The
-- functions run as the owner.

do $$
declare
  name text;
begin
  foreach name in array array['lethe_owner', 'lethe_router_objects', 'lethe_accounting_objects']
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
  end loop;
end $$;

create schema if not exists object_store authorization lethe_owner;
set local role lethe_owner;

create table object_store.object (
  key text collate "C" primary key check (key ~ '^[0-9a-z]([0-9a-z._/-]{0,126}[0-9a-z])?$'),
  bytes integer not null check (bytes between 0 and 67108864),
  stored_at timestamptz not null,
  made_by xid8 not null
);

create table object_store.piece (
  key text collate "C" not null references object_store.object (key) on delete cascade,
  number integer not null check (number between 0 and 63),
  body bytea not null check (octet_length(body) between 1 and 1048576),
  primary key (key, number)
);
-- Ciphertext does not shrink.
alter table object_store.piece alter column body set storage external;

-- Errors name nothing of what was sent: OS001 no such key, OS002 too large, OS003 taken, OS004 incomplete.
create function object_store.open_put(p_key text, p_bytes integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_key is null or p_key !~ '^[0-9a-z]([0-9a-z._/-]{0,126}[0-9a-z])?$' then
    raise exception 'no such key' using errcode = 'OS001';
  end if;
  if p_bytes is null or p_bytes not between 0 and 67108864 then
    raise exception 'object too large' using errcode = 'OS002';
  end if;
  insert into object_store.object (key, bytes, stored_at, made_by)
    values (p_key, p_bytes, clock_timestamp(), pg_current_xact_id())
    on conflict do nothing;
  if not found then
    raise exception 'object exists' using errcode = 'OS003';
  end if;
end $$;

create function object_store.put_piece(p_key text, p_number integer, p_body bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from object_store.object where key = p_key and made_by = pg_current_xact_id()) then
    raise exception 'object exists' using errcode = 'OS003';
  end if;
  if p_number not between 0 and 63 or octet_length(p_body) not between 1 and 1048576 then
    raise exception 'object too large' using errcode = 'OS002';
  end if;
  insert into object_store.piece (key, number, body) values (p_key, p_number, p_body);
end $$;

-- Pieces are full but for the last: so a reader knows where each byte stands from the length alone.
create function object_store.check_whole()
returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pieces bigint;
  total bigint;
  last integer;
begin
  select count(*), coalesce(sum(octet_length(body)), 0), coalesce(max(number), -1)
    into pieces, total, last from object_store.piece where key = new.key;
  if total <> new.bytes or pieces <> (new.bytes + 1048575) / 1048576 or last <> pieces - 1 then
    raise exception 'object incomplete' using errcode = 'OS004';
  end if;
  return null;
end $$;

create constraint trigger object_is_whole after insert on object_store.object
  deferrable initially deferred for each row execute function object_store.check_whole();
alter table object_store.object enable always trigger object_is_whole;

create function object_store.stat(p_key text)
returns table (key text, bytes integer, stored_at_ms bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.key, o.bytes, (extract(epoch from o.stored_at) * 1000)::bigint from object_store.object o where o.key = p_key
$$;

create function object_store.read_piece(p_key text, p_number integer)
returns bytea language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select body from object_store.piece where key = p_key and number = p_number
$$;

create function object_store.list(p_after text, p_limit integer)
returns table (key text, bytes integer, stored_at_ms bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.key, o.bytes, (extract(epoch from o.stored_at) * 1000)::bigint from object_store.object o
  where o.key > p_after order by o.key limit least(greatest(p_limit, 1), 1000)
$$;

create function object_store.remove(p_key text)
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  delete from object_store.object where key = p_key
$$;

revoke execute on all functions in schema object_store from public;
grant usage on schema object_store to lethe_router_objects, lethe_accounting_objects;
grant execute on function
  object_store.open_put(text, integer),
  object_store.put_piece(text, integer, bytea)
  to lethe_router_objects;
grant execute on function
  object_store.stat(text),
  object_store.read_piece(text, integer),
  object_store.list(text, integer),
  object_store.remove(text)
  to lethe_accounting_objects;
