import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of /proc or /sys, read by `read`; undefined when this system does not show it. */
export const readOr = <T>(path: string, read: (text: string) => T): T | undefined => {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};

export const zeroEnded = (text: string): string[] => text.split('\0').filter((part) => part !== '');

const trimmed = (text: string): string => text.trim();

/** The folders in which a group's files may lie: that of the group, and the root, where a container sees its own. */
const groupFolders = (root: string, controller: string, group: string): string[] =>
  [group, '/'].map((folder) => join(root, '/sys/fs/cgroup', controller, folder));

const swapOfGroup = (root: string, pid: number | 'self'): boolean | undefined => {
  const groups = readOr(join(root, `/proc/${pid}/cgroup`), (text) => text) ?? '';
  for (const folder of groupFolders(root, '', /^0::(\/.*)$/m.exec(groups)?.[1] ?? '/')) {
    const most = readOr(join(folder, 'memory.swap.max'), trimmed);
    if (most !== undefined) return most !== '0';
  }
  const older = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(groups)?.[1] ?? '/';
  for (const folder of groupFolders(root, 'memory', older)) {
    const [memory, both] = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'].map((name) =>
      readOr(join(folder, name), Number),
    );
    if (memory !== undefined && both !== undefined) return both > memory;
  }
  return undefined;
};

/** Swap counts as off when the system has none, or the process's own control group may not use it. */
export const swapFor = (root: string, pid: number | 'self'): boolean | undefined => {
  const systemHasSwap = readOr(join(root, '/proc/swaps'), (text) => text.trim().split('\n').length > 1);
  if (systemHasSwap === false) return false;
  const mayUseIt = swapOfGroup(root, pid);
  return mayUseIt === undefined ? systemHasSwap : mayUseIt;
};

export const coreFilterOf = (root: string, pid: number | 'self'): string | undefined =>
  readOr(join(root, `/proc/${pid}/coredump_filter`), trimmed);

/** The soft and the hard limit of a core dump. */
export const coreLimitsOf = (root: string, pid: number | 'self'): readonly string[] | undefined =>
  readOr(join(root, `/proc/${pid}/limits`), (text) => {
    const [, soft = '', hard = ''] = /^Max core file size\s+(\S+)\s+(\S+)/m.exec(text) ?? [];
    return [soft, hard];
  });

export const environmentOf = (root: string, pid: number | 'self'): readonly string[] | undefined =>
  readOr(join(root, `/proc/${pid}/environ`), zeroEnded);

export const argvOf = (root: string, pid: number | 'self'): readonly string[] | undefined =>
  readOr(join(root, `/proc/${pid}/cmdline`), zeroEnded);

const dangerousNames =
  /^(?:NODE_OPTIONS|NODE_DEBUG|NODE_V8_COVERAGE|NODE_COMPILE_CACHE|SSLKEYLOGFILE|DEBUG|GRPC_TRACE|GRPC_VERBOSITY|KAFKAJS_DEBUG.*|UNDICI_DEBUG|OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT|LD_PRELOAD|LD_AUDIT)$/;
const dangerousFlags =
  /^(?:--(?:report|heapsnapshot|heap-prof|cpu-prof|prof$|inspect|tls-keylog|require|import|loader|experimental-loader|env-file|abort-on-uncaught|diagnostic-dir|trace-|allow-(?!fs-read=))|-r$)/;

export const dangerousVariables = (names: readonly string[]): string[] =>
  names.filter((name) => dangerousNames.test(name));

/** Flags before the program, by name. */
export const dangerousArguments = (argv: readonly string[]): string[] =>
  argv.filter((flag) => dangerousFlags.test(flag)).map((flag) => flag.split('=')[0] ?? '');
