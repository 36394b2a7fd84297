/** Everything that can be found, with what mends it. Closed: scripts may rely on the names. */
export const doctorItems = {
  secrets_unreadable: 'Run this as the user who ran "lethe init", or as root.',
  secrets_missing: 'Run "lethe init" again: it makes what is missing and replaces nothing.',
  secrets_contradict:
    'Put back what was changed, or remove the file that is named and run "lethe init" again.',
  secrets_open: 'Take the rights of group and others away: chmod go= on what is named.',
  secrets_owner: 'Give it to the user of its container: chown -R <uid>:<uid> on the folder that is named.',
  certificate_ends_soon: 'Renew it: docs/runbooks/key-rotation.md, "Certificates".',
  setting_missing:
    'Put it into the file of variables; docker-compose.yml and docs/settings.md say what it is.',
  setting_malformed: 'Correct it: docs/settings.md has its form.',
  setting_unknown: 'Nothing reads it: a slip of the pen, most likely. Correct or remove it.',
  service_unreachable: 'See whether it runs, and what its log says: docker compose ps, docker compose logs.',
  service_untrusted:
    'Name the authority that vouches for it in NODE_EXTRA_CA_CERTS (tools/ca.crt), or renew its certificate.',
  service_not_ready: 'Its log says why: docs/runbooks/not-ready.md.',
  clock_differs:
    'Set the clocks by one source of time (NTP); ZDR does not rest on them, certificates and bills do.',
  zdr_guard: 'The configuration was set back: docs/runbooks/zdr-repair.md, step by step.',
  zdr_pending: 'A router, accounting or audit has not answered: docs/runbooks/zdr-not-effective.md.',
  fork_guard: 'The database of audit contradicts its anchors: docs/runbooks/audit-fork-guard.md.',
  checkpoint_old: 'No audit event came for hours: docs/runbooks/checkpoint-old.md.',
  outbox_old: 'Events wait for a neighbour that does not take them: docs/runbooks/outbox-old.md.',
  outbox_refused: 'A neighbour refused events for ever: docs/runbooks/outbox-refused.md.',
  consumer_stopped: 'Accounting does not read the event log: docs/runbooks/consumer-stopped.md.',
  billing_lag: 'Accounting is behind: docs/runbooks/billing-lag.md.',
  tripwire: 'Somebody sent what no router should have sent: docs/runbooks/zdr-tripwire.md.',
  gate_closed: 'The router has no lease and captures nothing: docs/runbooks/gate-closed.md.',
  router_buffer: 'The event log does not take its records: docs/runbooks/router-buffer-filling.md.',
  database_unreachable: 'See whether it runs, its address and its certificate: docker compose logs postgres.',
  database_setting: 'Set it as docker-compose.yml does, and restart the database server.',
  database_missing: 'Run the job: docker compose run --rm migrate.',
  migrations_missing: 'Run the job, then restart the services: docker compose run --rm migrate.',
  migrations_unknown: 'The database is of a newer version than this program: use the images of that version.',
  kafka_unreachable: 'See whether it runs, and its addresses: docker compose logs kafka.',
  topic_missing: 'Run the job: docker compose run --rm topics.',
  topic_setting: 'Run the job, which prints the command that mends it: docker compose run --rm topics.',
  access_missing: 'Run the job: docker compose run --rm topics.',
  access_others: 'See which they are (kafka-acls.sh --list), and remove what nobody needs.',
  swap: 'Turn swap off on this host, or encrypt it: memory may be written to it.',
  volume_open: 'Put the volume on an encrypted disk (LUKS), or know that what lies below encrypts it.',
  disk_full: 'Make room: docs/runbooks/disk-filling.md.',
} as const;
export type DoctorItem = keyof typeof doctorItems;

/** One thing that is wrong: where, and words that complete the sentence `where` begins. No secret is in any. */
export interface Finding {
  readonly item: DoctorItem;
  readonly where: string;
  readonly words: string;
}

/** What one part of the examination came to. */
export interface Examined {
  readonly part: string;
  /** How much was looked at, in words; undefined: nothing could be. */
  readonly looked: string | undefined;
  readonly findings: readonly Finding[];
  /** What could not be seen, and why, each a sentence. */
  readonly unseen: readonly string[];
}

/** A part that was not looked at at all. */
export const notLookedAt = (part: string, why: string): Examined => ({
  part,
  looked: undefined,
  findings: [],
  unseen: [why],
});

export const counted = (number: number, one: string, many: string): string =>
  `${number} ${number === 1 ? one : many}`;
