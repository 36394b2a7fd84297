import { join } from 'node:path';
import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';
import {
  argvOf,
  coreFilterOf,
  coreLimitsOf,
  environmentOf,
  readOr,
  swapFor,
} from '../../up/services/process-facts.js';
import { type Mount, readMounts } from './mounts.js';

/** What the build says of itself. */
export interface Build {
  readonly digest: string;
  readonly node: string;
}

/** What can be seen of a process from outside. A part that this system does not show is undefined. */
export interface ProcessFacts {
  readonly swap: boolean | undefined;
  readonly coreFilter: string | undefined;
  readonly coreLimits: readonly string[] | undefined;
  readonly mounts: readonly Mount[] | undefined;
  readonly argv: readonly string[] | undefined;
  readonly environmentNames: readonly string[] | undefined;
  readonly temporaryFolder: string | undefined;
  /** File names of the code that is mapped into it. */
  readonly mappedFiles: readonly string[] | undefined;
  readonly uid: number | undefined;
  /** Effective, permitted, inheritable and ambient capabilities, in hexadecimal. */
  readonly capabilities: readonly string[] | undefined;
  readonly noNewPrivileges: boolean | undefined;
}

const statusField = (status: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];

const capabilitySets = ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'] as const;

const capabilitiesOf = (status: string): readonly string[] | undefined => {
  const sets = capabilitySets.map((name) => statusField(status, name));
  return sets.every((set) => set !== undefined) ? (sets as string[]) : undefined;
};

const mappedFilesOf = (maps: string): string[] => {
  const paths = maps.split('\n').map((line) => /\s(\/.*)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
};

/** Looks at a process through /proc and /sys beneath `root`. */
export const processFacts = (pid: number | 'self', root: string): ProcessFacts => {
  const environment = environmentOf(root, pid);
  const status = readOr(join(root, `/proc/${pid}/status`), (text) => text);
  const uid = status === undefined ? undefined : /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  const privileges = status === undefined ? undefined : statusField(status, 'NoNewPrivs');
  return {
    swap: swapFor(root, pid),
    coreFilter: coreFilterOf(root, pid),
    coreLimits: coreLimitsOf(root, pid),
    mounts: readOr(join(root, `/proc/${pid}/mountinfo`), readMounts),
    argv: argvOf(root, pid),
    environmentNames: environment?.map((entry) => entry.split('=')[0] ?? ''),
    temporaryFolder: environment?.find((entry) => entry.startsWith('TMPDIR='))?.slice('TMPDIR='.length),
    mappedFiles: readOr(join(root, `/proc/${pid}/maps`), mappedFilesOf),
    uid: uid === undefined ? undefined : Number(uid),
    capabilities: status === undefined ? undefined : capabilitiesOf(status),
    noNewPrivileges: privileges === undefined ? undefined : privileges === '1',
  };
};

const buildSchema = z.object({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  node: z.string().regex(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/),
});

/** What an image says of its build; undefined when this is none. `folder`: where the program lies. */
export const readBuild = (folder: string): Build | undefined =>
  readOr(join(folder, 'build.json'), (text) => decodeJson(buildSchema, text));
