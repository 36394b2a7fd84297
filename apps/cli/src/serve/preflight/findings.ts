import { dangerousArguments, dangerousVariables } from '../../up/services/process-facts.js';
import { permissionFlag } from '../../up/services/router-permissions.js';
import type { Build, ProcessFacts } from './facts.js';
import { isInMemory, mountOfPath, reachesDisk } from './mounts.js';

/** Everything that is looked at. Names and verdicts are all that is ever said of it. */
export const preflightItems = {
  swap: 'Set memswap_limit to the same as mem_limit, or turn swap off on the host.',
  core_filter: 'Let the container write its own /proc/self/coredump_filter, as ordinary runtimes do.',
  core_limit: 'Set ulimits: core: 0.',
  read_only_root: 'Set read_only: true.',
  writable_mounts: 'Mount it read-only, or as tmpfs.',
  flags: 'Start the image as it is, with no flags for Node.',
  permissions: 'Start the service through lethe serve alone.',
  environment: 'Remove it from the environment of the container.',
  preloaded: 'Remove the agent: it can see, and send away, all that the service sees.',
  user: 'Set user: "10001:10001".',
  capabilities: 'Set cap_drop: [ALL] and no cap_add.',
  new_privileges: 'Set security_opt: ["no-new-privileges:true"].',
  temporary_folder: 'Unset TMPDIR, or name a folder on a tmpfs.',
  build: 'Use the image that deploy/Dockerfile makes, unchanged.',
} as const;
export type PreflightItem = keyof typeof preflightItems;

export interface Finding {
  readonly item: PreflightItem;
  readonly words: string;
}

export interface Expected {
  /** Folders on a disk that the service must have. */
  readonly folders: readonly string[];
  /** Whether the process must run under Node's permission model. */
  readonly permissions: boolean;
  /** Flags that are right for this process though they are wrong for others. */
  readonly flags?: readonly string[];
}

type Verdict = string | undefined;
type Look = (facts: ProcessFacts, expected: Expected) => Verdict;

const unseen = (what: string): Verdict => `${what} cannot be seen on this system`;
const zero = (hex: string): boolean => /^0+$/.test(hex);

const agents =
  /(?:ddtrace|dd-trace|dd_profil|datadog|newrelic|sentry|appsignal|oneagent|dynatrace|elastic-apm|instana|appdynamics|scout-?apm)/i;

const looks: Readonly<Record<Exclude<PreflightItem, 'build'>, Look>> = {
  swap: ({ swap }) => {
    if (swap === undefined) return unseen('swap');
    return swap ? 'memory may be written to swap' : undefined;
  },
  core_filter: ({ coreFilter }) => {
    if (coreFilter === undefined) return unseen('the core dump filter');
    return zero(coreFilter) ? undefined : 'a core dump would hold memory';
  },
  core_limit: ({ coreLimits }) => {
    if (coreLimits === undefined) return unseen('the core dump limit');
    return coreLimits[0] === '0' ? undefined : 'a core dump may be written';
  },
  read_only_root: ({ mounts }) => {
    const root = mounts?.find(({ point }) => point === '/');
    if (root === undefined) return unseen('the root file system');
    return root.writable ? 'the root file system can be written to' : undefined;
  },
  writable_mounts: ({ mounts }, { folders }) => {
    if (mounts === undefined) return unseen('mounts');
    const needed = folders.map((folder) => mountOfPath(mounts, folder)?.point);
    const open = mounts.filter(
      (mount) => mount.point !== '/' && reachesDisk(mount) && !needed.includes(mount.point),
    );
    return open.length > 0
      ? `a disk can be written to at ${open.map(({ point }) => point).join(', ')}`
      : undefined;
  },
  flags: ({ argv }, { flags = [] }) => {
    if (argv === undefined) return unseen('flags');
    const found = dangerousArguments(argv.filter((flag) => !flags.includes(flag)));
    return found.length > 0 ? `Node runs with ${found.join(', ')}` : undefined;
  },
  permissions: ({ argv }, { permissions }) => {
    if (!permissions || argv?.includes(permissionFlag) === true) return undefined;
    return argv === undefined ? unseen('the permission model') : 'it does not run under the permission model';
  },
  environment: ({ environmentNames }) => {
    if (environmentNames === undefined) return unseen('the environment');
    const found = dangerousVariables(environmentNames);
    return found.length > 0 ? `the environment has ${found.join(', ')}` : undefined;
  },
  preloaded: ({ mappedFiles }) => {
    if (mappedFiles === undefined) return unseen('loaded code');
    return mappedFiles.some((path) => agents.test(path))
      ? 'an agent that watches programs is loaded'
      : undefined;
  },
  user: ({ uid }) => {
    if (uid === undefined) return unseen('the user');
    return uid === 0 ? 'it runs as root' : undefined;
  },
  capabilities: ({ capabilities }) => {
    if (capabilities === undefined) return unseen('capabilities');
    return capabilities.every(zero) ? undefined : 'it has capabilities';
  },
  new_privileges: ({ noNewPrivileges }) => {
    if (noNewPrivileges === undefined) return unseen('whether it can gain privileges');
    return noNewPrivileges ? undefined : 'it can gain privileges';
  },
  temporary_folder: ({ temporaryFolder, mounts }) => {
    if (temporaryFolder === undefined || temporaryFolder === '') return undefined;
    if (mounts === undefined) return unseen('where TMPDIR lies');
    const mount = mountOfPath(mounts, temporaryFolder);
    return mount !== undefined && isInMemory(mount) ? undefined : 'TMPDIR is not in memory';
  },
};

/** The ways from a process's memory to a disk that are open, and rights it should not have. */
export const processFindings = (facts: ProcessFacts, expected: Expected): readonly Finding[] =>
  Object.entries(looks).flatMap(([item, look]) => {
    const words = look(facts, expected);
    return words === undefined ? [] : [{ item: item as PreflightItem, words }];
  });

/** Whether what runs is what was built. `digest`: the one that the settings demand. */
export const buildFindings = (
  build: Build | undefined,
  nodeVersion: string,
  digest: string | undefined,
): readonly Finding[] => {
  const item = 'build';
  if (build === undefined)
    return [{ item, words: 'this is no image of deploy/Dockerfile: it has no build.json' }];
  const findings: Finding[] = [];
  if (build.node !== nodeVersion) findings.push({ item, words: 'Node is not the one it was built with' });
  if (digest !== undefined && build.digest !== digest)
    findings.push({ item, words: 'its digest is not LETHE_BUILD_DIGEST' });
  return findings;
};

/** One line for a person: what is open, and how to mend it. */
export const findingText = ({ item, words }: Finding): string => `${item}: ${words}. ${preflightItems[item]}`;
