-- How much of a request the routers keep for this organization, where a key may log at all. The largest values leave
-- room under the message limit of the payload topic (1 MiB) for what sealing adds; the smallest still hold a document.
alter table config.organization
  add column payload_part_bytes_max integer not null default 32768
    check (payload_part_bytes_max between 128 and 786432),
  add column payload_total_bytes_max integer not null default 262144
    check (payload_total_bytes_max between 1024 and 786432);
grant update (payload_part_bytes_max, payload_total_bytes_max) on config.organization to lethe_admin;
