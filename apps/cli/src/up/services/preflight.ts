import { readFileSync } from 'node:fs';
import { Problem } from '../../terminal/problem.js';
import { permissionFlag, primaryFlags } from './router-permissions.js';

/** What can be seen of a running router from outside. A part that this system does not show is undefined. */
export interface RouterFacts {
  readonly coreDumpFilter: string | undefined;
  readonly coreLimit: string | undefined;
  readonly environmentNames: readonly string[] | undefined;
  readonly argv: readonly string[] | undefined;
  readonly uid: number | undefined;
  readonly swap: boolean | undefined;
}

const readOr = <T>(path: string, read: (text: string) => T): T | undefined => {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};

const list = (text: string): string[] => text.split('\0').filter((part) => part !== '');

/** Swap counts as off when the system has none, or the process's own control group may not use it. */
const swapFor = (pid: number): boolean | undefined => {
  const systemHasSwap = readOr('/proc/swaps', (text) => text.trim().split('\n').length > 1);
  if (systemHasSwap !== true) return systemHasSwap;
  const group = readOr(`/proc/${pid}/cgroup`, (text) => /^0::(.*)$/m.exec(text)?.[1]);
  const most = readOr(`/sys/fs/cgroup${group ?? ''}/memory.swap.max`, (text) => text.trim());
  return most !== '0';
};

export const routerFacts = (pid: number): RouterFacts => ({
  coreDumpFilter: readOr(`/proc/${pid}/coredump_filter`, (text) => text.trim()),
  coreLimit: readOr(
    `/proc/${pid}/limits`,
    (text) => /^Max core file size\s+\S+\s+(\S+)/m.exec(text)?.[1] ?? '',
  ),
  environmentNames: readOr(`/proc/${pid}/environ`, (text) =>
    list(text).map((entry) => entry.split('=')[0] ?? ''),
  ),
  argv: readOr(`/proc/${pid}/cmdline`, list),
  uid: readOr(`/proc/${pid}/status`, (text) => Number(/^Uid:\s+(\d+)/m.exec(text)?.[1])),
  swap: swapFor(pid),
});

const dangerousNames =
  /^(?:NODE_OPTIONS|NODE_DEBUG|NODE_V8_COVERAGE|NODE_COMPILE_CACHE|SSLKEYLOGFILE|DEBUG|GRPC_TRACE|GRPC_VERBOSITY|KAFKAJS_DEBUG.*|UNDICI_DEBUG|OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT)$/;
const dangerousFlags =
  /^--(?:report|heapsnapshot|heap-prof|cpu-prof|inspect|tls-keylog|require|import|trace-|allow-(?!fs-read=))/;

/** The ways from the router's memory to a disk that are open, each in a sentence. Empty is what production demands. */
export const preflightFindings = (facts: RouterFacts): string[] => {
  const findings: string[] = [];
  const check = <T>(fact: T | undefined, what: string, isWrong: (fact: T) => string | undefined): void => {
    const finding = fact === undefined ? `${what} cannot be checked on this system` : isWrong(fact);
    if (finding !== undefined) findings.push(finding);
  };
  check(facts.swap, 'swap', (on) => (on ? 'swap is on: memory may be written to disk' : undefined));
  check(facts.coreDumpFilter, 'the core dump filter', (filter) =>
    Number.parseInt(filter, 16) === 0 ? undefined : 'a core dump of the router would hold its memory',
  );
  check(facts.coreLimit, 'the core dump limit', (limit) =>
    limit === '0' ? undefined : 'the router may leave a core dump',
  );
  check(facts.environmentNames, 'the environment of the router', (names) => {
    const found = names.filter((name) => dangerousNames.test(name));
    return found.length > 0 ? `the environment of the router has ${found.join(', ')}` : undefined;
  });
  check(facts.argv, 'the flags of the router', (argv) => {
    if (!argv.includes(permissionFlag)) return 'the router does not run under the permission model';
    const found = argv.filter((flag) => dangerousFlags.test(flag)).map((flag) => flag.split('=')[0]);
    return found.length > 0 ? `the router runs with ${found.join(', ')}` : undefined;
  });
  check(facts.uid, 'the user of the router', (uid) => (uid === 0 ? 'the router runs as root' : undefined));
  return findings;
};

/** The processes of a running router: the one that was started, and those that serve (itself, when it is the only one). */
export interface RouterProcesses {
  readonly pid: number;
  readonly workerPids: readonly number[];
}

/** The process that starts workers may do that, and sees no request; else it is held to the same. */
const primaryFacts = (pid: number): RouterFacts => {
  const { argv, ...facts } = routerFacts(pid);
  return { ...facts, argv: argv?.filter((flag) => !primaryFlags.includes(flag)) };
};

/** Checks a running router. Findings are for the closing page; when `strict` any of them is a Problem. */
export const checkPreflight = ({ pid, workerPids }: RouterProcesses, strict: boolean): string[] => {
  const facts = [...workerPids.map(routerFacts), ...(workerPids.includes(pid) ? [] : [primaryFacts(pid)])];
  const findings = [...new Set(facts.flatMap(preflightFindings))];
  if (strict && findings.length > 0)
    throw new Problem(
      `The preflight found: ${findings.join('; ')}.`,
      'Close these, or start without ZDR_STRICT=1 to be warned only.',
    );
  return findings;
};
