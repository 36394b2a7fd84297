-- Applied under lethe_owner, which cannot log in and owns the schema config with all that is in it. lethe_admin, the
-- role of the running service, owns nothing; it gets LOGIN and a password from whoever deploys.
do $$
begin
  if not exists (select from pg_roles where rolname = 'lethe_admin') then
    create role lethe_admin nologin;
  end if;
end $$;

grant usage on schema config to lethe_admin;
