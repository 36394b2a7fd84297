import type { ServiceName } from '@lethe/contracts';
import { z } from 'zod';
import { ConfigError } from '../process/config.js';
import type { Logger } from '../safe/log.js';
import { TlsIdentity, type TlsRefusal, TlsRefusedError } from './tls-identity.js';
import { publicTlsSchema, type TlsSet, tlsSchema } from './tls-schema.js';

const names = ['tls', 'publicTls'] as const;
type Name = (typeof names)[number];
const schemas = { tls: tlsSchema, publicTls: publicTlsSchema } as const;

const updateSchema = z.object({ renew: z.object({ tls: z.unknown(), publicTls: z.unknown() }).partial() });

const refusalOf = (work: () => void): TlsRefusal | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof TlsRefusedError) return error.refusal;
    throw error;
  }
};

interface OpenTlsOptions {
  /** Which service `tls` must name. */
  readonly service: ServiceName;
  readonly tls: TlsSet | undefined;
  readonly publicTls?: TlsSet | undefined;
  readonly log: Logger;
}

/** What a service shows of itself. Absent where it speaks plain text. */
export interface ServiceTls {
  readonly tls: TlsIdentity | undefined;
  readonly publicTls: TlsIdentity | undefined;
  /**
   * Takes a later line of the launcher: `{renew: {tls?, publicTls?}}` with sets of the launch object's form. A set that
   * is refused is logged, and the one before stays. Returns the names of those that were taken.
   */
  renew(line: unknown): readonly Name[];
}

/** Reads the sets of a launch object. Throws ConfigError that names each one that is refused, with the refusal. */
export const openTls = ({ service, log, ...given }: OpenTlsOptions): ServiceTls => {
  const problems: string[] = [];
  const open = (name: Name, set: TlsSet | undefined, expected?: ServiceName): TlsIdentity | undefined => {
    if (set === undefined) return undefined;
    let identity: TlsIdentity | undefined;
    const refusal = refusalOf(() => {
      identity = new TlsIdentity(set, expected);
    });
    if (refusal !== undefined) problems.push(`${name}: ${refusal}`);
    return identity;
  };
  const identities = { tls: open('tls', given.tls, service), publicTls: open('publicTls', given.publicTls) };
  if (problems.length > 0) throw new ConfigError(problems);

  const renewOne = (name: Name, value: unknown): boolean => {
    const identity = identities[name];
    const set = schemas[name].safeParse(value);
    const refusal = refusalOf(() => {
      if (identity === undefined) throw new TlsRefusedError('not_in_use');
      if (!set.success) throw new TlsRefusedError('malformed');
      identity.renew(set.data);
    });
    if (refusal === undefined)
      log.info('tls.renewed', { identity: name, expiresAtMs: identity?.expiresAtMs });
    else log.warn('tls.renewal_refused', { identity: name, refusal });
    return refusal === undefined;
  };
  return {
    ...identities,
    renew: (line) => {
      const update = updateSchema.safeParse(line);
      if (!update.success) return [];
      const { renew } = update.data;
      return names.filter((name) => renew[name] !== undefined && renewOne(name, renew[name]));
    },
  };
};
