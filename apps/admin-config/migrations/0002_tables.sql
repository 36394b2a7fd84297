-- The tables of admin-config. Credentials are kept as SHA-256 only.
create table config.config_version (
  singleton boolean primary key default true check (singleton),
  version bigint not null check (version > 0)
);
insert into config.config_version (version) values (1);

create table config.organization (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (char_length(name) between 1 and 128),
  default_logging boolean not null default false,
  allow_logging_change boolean not null default true,
  zdr_enabled_at timestamptz,
  zdr_version bigint,
  zdr_keys_forced_off integer,
  zdr_event_id uuid,
  user_pseudonym_key bytea not null check (octet_length(user_pseudonym_key) = 32),
  created_at timestamptz not null,
  constraint zdr_is_whole
    check (num_nulls(zdr_enabled_at, zdr_version, zdr_keys_forced_off, zdr_event_id) in (0, 4)),
  constraint zdr_locks
    check (zdr_enabled_at is null or (not default_logging and not allow_logging_change and zdr_version is not null))
);

create table config.app_user (
  id uuid primary key,
  org_id uuid not null references config.organization (id),
  name text not null check (char_length(name) between 1 and 128),
  role text not null check (role in ('admin', 'member', 'auditor')),
  created_at timestamptz not null,
  removed_at timestamptz,
  unique (id, org_id)
);
create index app_user_by_org on config.app_user (org_id, id);

create table config.user_group (
  id uuid primary key,
  org_id uuid not null references config.organization (id),
  name text not null check (char_length(name) between 1 and 128),
  monthly_limit_nano bigint not null default 0 check (monthly_limit_nano >= 0),
  created_at timestamptz not null,
  unique (org_id, name),
  unique (id, org_id)
);

create table config.group_member (
  group_id uuid not null,
  user_id uuid not null,
  org_id uuid not null,
  role text not null check (role in ('admin', 'member')),
  primary key (group_id, user_id),
  foreign key (group_id, org_id) references config.user_group (id, org_id) on delete cascade,
  foreign key (user_id, org_id) references config.app_user (id, org_id)
);
create index group_member_by_user on config.group_member (user_id);

create table config.api_key (
  id uuid primary key,
  org_id uuid not null references config.organization (id),
  owner_user_id uuid not null,
  group_id uuid,
  name text not null check (char_length(name) between 1 and 128),
  logging boolean not null,
  debug boolean not null default false,
  labels jsonb not null default '{}'
    check (jsonb_typeof(labels) = 'object' and octet_length(labels::text) <= 8192),
  permission_manage text not null default 'none' check (permission_manage in ('none', 'read', 'write')),
  permission_completions text not null default 'write'
    check (permission_completions in ('none', 'read', 'write')),
  monthly_limit_nano bigint not null default 0 check (monthly_limit_nano >= 0),
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null,
  foreign key (owner_user_id, org_id) references config.app_user (id, org_id),
  foreign key (group_id, org_id) references config.user_group (id, org_id) on delete set null (group_id)
);
create index api_key_by_org on config.api_key (org_id, id);
create index api_key_by_owner on config.api_key (owner_user_id);
create index api_key_by_group on config.api_key (group_id) where group_id is not null;

create table config.api_key_secret (
  sha256 bytea primary key check (octet_length(sha256) = 32),
  api_key_id uuid not null references config.api_key (id),
  not_after timestamptz,
  created_at timestamptz not null
);
create index api_key_secret_by_key on config.api_key_secret (api_key_id);

create table config.management_token (
  id uuid primary key,
  user_id uuid not null references config.app_user (id),
  name text not null check (char_length(name) between 1 and 128),
  sha256 bytea not null unique check (octet_length(sha256) = 32),
  created_at timestamptz not null,
  revoked_at timestamptz
);
create index management_token_by_user on config.management_token (user_id);

create table config.registered_field (
  id uuid primary key,
  org_id uuid not null references config.organization (id),
  key text not null check (key ~ '^[A-Za-z0-9._:-]{1,64}$'),
  type text not null check (type in ('listed', 'number', 'boolean', 'uuid')),
  listed_values jsonb not null default '[]'
    check (jsonb_typeof(listed_values) = 'array' and octet_length(listed_values::text) <= 8192),
  created_at timestamptz not null,
  unique (org_id, key)
);

create table config.transit_key (
  transit_key_id uuid primary key,
  org_id uuid not null references config.organization (id),
  public_key bytea not null check (octet_length(public_key) = 32),
  current boolean not null,
  config_version bigint not null,
  created_at timestamptz not null
);
create unique index transit_key_current on config.transit_key (org_id) where current;

create table config.outbox (
  config_version bigint not null,
  ordinal integer not null check (ordinal >= 0),
  event_id uuid not null unique,
  destination text not null check (destination in ('audit', 'accounting')),
  method text not null check (method in ('append', 'open_org', 'seal_org', 'put_api_keys')),
  org_id uuid,
  body bytea not null check (octet_length(body) <= 60000),
  created_at timestamptz not null,
  sent_at timestamptz,
  primary key (config_version, ordinal)
);
create index outbox_unsent on config.outbox (destination, config_version, ordinal) where sent_at is null;
create index outbox_sent on config.outbox (sent_at) where sent_at is not null;
