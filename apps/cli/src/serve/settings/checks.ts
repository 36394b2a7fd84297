import { createPrivateKey, type X509Certificate } from 'node:crypto';
import type { ServiceName } from '@lethe/contracts';
import { callersOf } from './common.js';
import type { Certificates } from './file-fields.js';
import type { FileProblem } from './read-file.js';

export type ProblemCode =
  | FileProblem
  | 'notSet'
  | 'malformed'
  | 'expired'
  | 'notYetValid'
  | 'keyMismatch'
  | 'otherService'
  | 'otherAuthority'
  | 'contradictory';

/**
 * One thing that is wrong: the variable, words that complete the sentence it begins, and the same as a code for the
 * log. No value is in any.
 */
export interface SettingProblem {
  readonly name: string;
  readonly words: string;
  readonly code: ProblemCode;
}

/** What could be read; a setting that is missing or wrong is not in it, and has its own problem already. */
export type Given = Readonly<Record<string, unknown>>;

/** Looks at several settings at once. `isSet` tells a setting that is wrong from one that is not there. */
export type Check = (given: Given, isSet: (name: string) => boolean) => readonly SettingProblem[];

const certificatesOf = (given: Given, name: string): Certificates | undefined =>
  given[name] as Certificates | undefined;

type Fault = Omit<SettingProblem, 'name'>;

const timeProblem = (certificate: X509Certificate, nowMs: number): Fault | undefined => {
  if (Date.parse(certificate.validTo) <= nowMs)
    return { words: 'names a certificate that has expired', code: 'expired' };
  if (Date.parse(certificate.validFrom) > nowMs)
    return {
      words: "names a certificate that is not valid yet (or this machine's clock is behind)",
      code: 'notYetValid',
    };
  return undefined;
};

/** A certificate is in its time, and the private key is its own. */
export const pair =
  (certificateName: string, keyName: string): Check =>
  (given) => {
    const chain = certificatesOf(given, certificateName);
    if (chain === undefined) return [];
    const [certificate] = chain.all;
    const problems: SettingProblem[] = [];
    const late = timeProblem(certificate, Date.now());
    if (late !== undefined) problems.push({ name: certificateName, ...late });
    const key = given[keyName];
    if (typeof key === 'string' && !certificate.checkPrivateKey(createPrivateKey(key)))
      problems.push({
        name: keyName,
        words: `names a key that is not the key of ${certificateName}`,
        code: 'keyMismatch',
      });
    return problems;
  };

/** At least one of a set of roots is in its time. */
export const roots =
  (name: string): Check =>
  (given) => {
    const late = certificatesOf(given, name)?.all.map((root) => timeProblem(root, Date.now()));
    const first = late?.[0];
    return first !== undefined && late?.every((fault) => fault !== undefined) === true
      ? [{ name, ...first }]
      : [];
  };

const issued = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Whether the certificates lead, one by one, to one of the roots. */
const leadsTo = (chain: Certificates, ca: Certificates): boolean => {
  let last = chain.all[0];
  for (const next of chain.all.slice(1)) {
    if (!issued(next, last)) break;
    last = next;
  }
  return ca.all.some((root) => root.fingerprint256 === last.fingerprint256 || issued(root, last));
};

/** The service's certificate names the service and no other, and is one that the other services accept. */
export const identity =
  (service: ServiceName): Check =>
  (given) => {
    const name = 'LETHE_TLS_CERTIFICATE_FILE';
    const chain = certificatesOf(given, name);
    const ca = certificatesOf(given, 'LETHE_TLS_CA_FILE');
    if (chain === undefined) return [];
    const problems: SettingProblem[] = [];
    const uris = (chain.all[0].subjectAltName ?? '').split(', ').filter((entry) => entry.startsWith('URI:'));
    if (uris.length !== 1 || uris[0] !== `URI:spiffe://lethe/${service}`)
      problems.push({
        name,
        words: `names a certificate whose URI is not spiffe://lethe/${service}`,
        code: 'otherService',
      });
    if (ca !== undefined && !leadsTo(chain, ca))
      problems.push({
        name,
        words: 'names a certificate that LETHE_TLS_CA_FILE did not issue',
        code: 'otherAuthority',
      });
    return problems;
  };

/** Two ports of one process differ. */
export const differ =
  (one: string, other: string): Check =>
  (given) =>
    given[one] !== undefined && given[one] === given[other]
      ? [{ name: other, words: `must not be the same as ${one}`, code: 'contradictory' }]
      : [];

interface Group {
  /** Set: all of `needs` must be set. Unset: neither they nor `may` may be. */
  readonly when: string;
  readonly needs: readonly string[];
  readonly may: readonly string[];
}

/** Settings that only make sense with another one. */
export const together =
  ({ when, needs, may }: Group): Check =>
  (_, isSet) =>
    isSet(when)
      ? needs
          .filter((name) => !isSet(name))
          .map((name) => ({ name, words: `is not set, and ${when} is`, code: 'notSet' as const }))
      : [...needs, ...may]
          .filter(isSet)
          .map((name) => ({ name, words: `is set, and ${when} is not`, code: 'contradictory' as const }));

/** Exactly one of two ways is chosen. */
export const oneOf =
  (one: string, other: string): Check =>
  (_, isSet) => {
    if (isSet(one) !== isSet(other)) return [];
    const words = isSet(one) ? `is set, and ${one} too: choose one` : `is not set, nor is ${one}: choose one`;
    return [{ name: other, words, code: 'contradictory' }];
  };

/** Those who call the service are among those who may. */
export const callers =
  (service: keyof typeof callersOf): Check =>
  (given) => {
    const name = 'LETHE_CALLERS_FILE';
    const named = given[name] as Readonly<Record<string, string>> | undefined;
    const missing =
      named === undefined ? [] : callersOf[service].filter((caller) => named[caller] === undefined);
    return missing.length === 0
      ? []
      : [{ name, words: `names a file without ${missing.join(', ')}`, code: 'contradictory' }];
  };

/** No more witnesses are asked for than there are. */
export const quorum: Check = (given, isSet) => {
  const witnesses = given.LETHE_WITNESSES_FILE as readonly unknown[] | undefined;
  const wanted = given.LETHE_WITNESS_QUORUM;
  if (witnesses === undefined && isSet('LETHE_WITNESSES_FILE')) return [];
  return typeof wanted === 'number' && wanted > (witnesses?.length ?? 0)
    ? [
        {
          name: 'LETHE_WITNESS_QUORUM',
          words: 'is more than LETHE_WITNESSES_FILE has',
          code: 'contradictory',
        },
      ]
    : [];
};
