import { join } from 'node:path';
import { Problem } from '../../terminal/problem.js';
import {
  argvOf,
  coreFilterOf,
  coreLimitsOf,
  dangerousArguments,
  dangerousVariables,
  environmentOf,
  readOr,
  swapFor,
} from './process-facts.js';
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

export const routerFacts = (pid: number, root = '/'): RouterFacts => ({
  coreDumpFilter: coreFilterOf(root, pid),
  coreLimit: coreLimitsOf(root, pid)?.[0],
  environmentNames: environmentOf(root, pid)?.map((entry) => entry.split('=')[0] ?? ''),
  argv: argvOf(root, pid),
  uid: readOr(join(root, `/proc/${pid}/status`), (text) => Number(/^Uid:\s+(\d+)/m.exec(text)?.[1])),
  swap: swapFor(root, pid),
});

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
    const found = dangerousVariables(names);
    return found.length > 0 ? `the environment of the router has ${found.join(', ')}` : undefined;
  });
  check(facts.argv, 'the flags of the router', (argv) => {
    if (!argv.includes(permissionFlag)) return 'the router does not run under the permission model';
    const found = dangerousArguments(argv);
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
  const facts = [
    ...workerPids.map((worker) => routerFacts(worker)),
    ...(workerPids.includes(pid) ? [] : [primaryFacts(pid)]),
  ];
  const findings = [...new Set(facts.flatMap(preflightFindings))];
  if (strict && findings.length > 0)
    throw new Problem(
      `The preflight found: ${findings.join('; ')}.`,
      'Close these, or start without ZDR_STRICT=1 to be warned only.',
    );
  return findings;
};
