import { basename, dirname, join, resolve } from 'node:path';

/** Where everything of one cluster lies. All paths are absolute; only `dataDir` outlives a clean stop, with the log. */
export interface Layout {
  readonly home: string;
  readonly dataDir: string;
  /** initdb works here; the finished cluster is renamed to `dataDir`, so a `dataDir` that exists is whole. */
  readonly staging: string;
  readonly log: string;
  readonly passwordFile: string;
  readonly socketRecord: string;
  readonly binariesCopy: string;
}

/** The paths that belong to a data folder. */
export function layoutOf(dataDir: string): Layout {
  const absolute = resolve(dataDir);
  const home = dirname(absolute);
  return {
    home,
    dataDir: absolute,
    staging: `${absolute}.initializing`,
    log: join(home, 'postgres.log'),
    passwordFile: join(home, `.${basename(absolute)}.password`),
    socketRecord: join(home, 'socket-folder'),
    binariesCopy: join(home, 'postgres-binaries'),
  };
}
