import type { Address } from './connection-address.js';
import { SOCKET_PORT } from './socket-folder.js';

/** Nothing a caller stored may reach the server's log, whatever a caller of this package asks for. */
const leakSafe: Readonly<Record<string, string>> = {
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  // Not even ddl: ALTER ROLE ... PASSWORD is ddl.
  log_statement: 'none',
  log_duration: 'off',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_lock_waits: 'off',
  log_temp_files: '-1',
  log_replication_commands: 'off',
  debug_print_parse: 'off',
  debug_print_rewritten: 'off',
  debug_print_plan: 'off',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  password_encryption: 'scram-sha-256',
};

const defaults: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '32MB',
  max_connections: '100',
  max_wal_size: '256MB',
  min_wal_size: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
};

/** What of the server's settings depends on the start. */
export interface SettingsOptions {
  readonly address: Address;
  readonly extra: Readonly<Record<string, string>>;
}

/** The `-c name=value` arguments. They win over every file in the data folder; the leak-safe ones win over `extra`. */
export function settingArguments({ address, extra }: SettingsOptions): string[] {
  const { socketDir, tcpPort } = address;
  const settings: Record<string, string> = {
    ...defaults,
    ...extra,
    ...leakSafe,
    listen_addresses: tcpPort === undefined ? '' : '127.0.0.1',
    port: String(tcpPort ?? SOCKET_PORT),
    unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
