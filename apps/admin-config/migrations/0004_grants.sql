-- What the service's role may do: no more than its code does. It may delete no organization, user, key or secret.
revoke execute on all functions in schema config from public;

grant select, update (version) on config.config_version to lethe_admin;
grant select, insert, update (name, default_logging, allow_logging_change, zdr_enabled_at, zdr_version,
  zdr_keys_forced_off, zdr_event_id) on config.organization to lethe_admin;
grant select, insert, update (role, removed_at) on config.app_user to lethe_admin;
grant select, insert, delete on config.user_group to lethe_admin;
grant select, insert, delete, update (role) on config.group_member to lethe_admin;
grant select, insert, update (name, logging, debug, labels, monthly_limit_nano, expires_at, revoked_at)
  on config.api_key to lethe_admin;
grant select, insert, update (not_after) on config.api_key_secret to lethe_admin;
grant select, insert, update (revoked_at) on config.management_token to lethe_admin;
grant select, insert, delete on config.registered_field to lethe_admin;
grant select, insert, delete, update (current) on config.transit_key to lethe_admin;
grant select, insert, delete, update (sent_at) on config.outbox to lethe_admin;
