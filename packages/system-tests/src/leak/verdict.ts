import { type Canary, credentialCanary, type Finding } from '@lethe/leak-prover';
import type { RunJson } from '../start-lethe.js';
import { secretsOf } from '../support/superuser.js';
import { isControl } from './controls.js';
import type { Manifest } from './manifest.js';

/** Where telemetry of an organization without ZDR lies, and what shows it to that organization. */
const TELEMETRY_SINKS =
  /^accounting\.usage\.event|^(?:accounting|event_log)\.pg_catalog\.pg_statistic$|^event_log\.event_log\.record$|^postgres\/data\/(?:base|pg_wal)\/|^(?:requests|usage) of (?:a member of )?open-demo$/;
/** The files whose purpose it is to hand credentials to their owner. */
const CREDENTIAL_SINKS = /^(?:secrets|run)\.json$/;
const CREDENTIAL = 'credential/';

/** Every secret of a run: found in the two files of its owner and nowhere else. */
export const credentialsOf = (run: RunJson, home: string): Canary[] => {
  const secrets = secretsOf(home);
  const named: Record<string, string> = {
    'operator token': run.operatorToken,
    'database password': secrets.postgresPassword,
    'root key': secrets.atRestRootKey,
    'root key bytes': Buffer.from(secrets.atRestRootKey, 'hex').toString('latin1'),
  };
  for (const { slug, adminToken, memberToken, keys } of run.organizations) {
    named[`admin token of ${slug}`] = adminToken;
    named[`member token of ${slug}`] = memberToken;
    for (const [name, key] of Object.entries(keys)) named[`key ${name} of ${slug}`] = key;
  }
  return Object.entries(named).map(([name, secret]) => credentialCanary(`${CREDENTIAL}${name}`, secret));
};

/** The findings that break a promise. Digests of credentials are how they are stored. */
export const leaks = (manifest: Manifest, findings: readonly Finding[]): Finding[] =>
  findings.filter(({ place, sink, form }) => {
    if (isControl(place)) return false;
    if (place.startsWith(CREDENTIAL)) return !CREDENTIAL_SINKS.test(sink) && !form.startsWith('digest');
    return !(manifest.keepingOf(place) === 'telemetry' && TELEMETRY_SINKS.test(sink));
  });

/** A summary for a person: each leak once a sink, the first few of them. */
export const describeLeaks = (found: readonly Finding[]): string[] =>
  [...new Set(found.map(({ place, sink, form }) => `${place} in ${sink} (${form})`))].slice(0, 40);
