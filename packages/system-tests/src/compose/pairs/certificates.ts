import { createPrivateKey } from 'node:crypto';
import { makeCertificate, type TestCertificate } from '@lethe/test-servers';
import type { Deployment } from '../deployment.js';
import type { Pair } from '../inside/pair.js';

const authorityName = 'Lethe internal authority';
const dayMs = 86_400_000;

/** The deployment's own authority, whose key `lethe init` keeps away from every container. */
const ownAuthority = async (deployment: Deployment): Promise<TestCertificate> => {
  const [cert, key] = await Promise.all([
    deployment.read('operator/ca.crt'),
    deployment.read('operator/ca.key'),
  ]);
  const { subject } = makeCertificate({ commonName: authorityName });
  return { cert, key, subject, privateKey: createPrivateKey(key) };
};

/** Whoever comes without being what a service or a client of Kafka must be; `fresh` is the control of `expired`. */
export interface Strangers {
  readonly fresh: Pair;
  readonly expired: Pair;
  readonly foreign: Pair;
  readonly selfMade: Pair;
  /** Of our own authority, and meant for a server only. */
  readonly serverOnly: Pair;
  readonly nobody: { readonly ca: string };
}

/** They all call themselves `name`, and trust the deployment's servers. */
export const strangersAs = async (deployment: Deployment, name: string): Promise<Strangers> => {
  const issuer = await ownAuthority(deployment);
  const shape = { commonName: name, names: [name, 'localhost', `spiffe://lethe/${name}`] };
  const now = Date.now();
  const pair = ({ cert, key }: TestCertificate): Pair => ({ ca: issuer.cert, cert, key });
  return {
    fresh: pair(makeCertificate({ ...shape, issuer, validTo: new Date(now + dayMs) })),
    expired: pair(makeCertificate({ ...shape, issuer, validTo: new Date(now - dayMs) })),
    foreign: pair(makeCertificate({ ...shape, issuer: makeCertificate({ commonName: authorityName }) })),
    selfMade: pair(makeCertificate(shape)),
    serverOnly: await deployment.pair('postgres', 'server'),
    nobody: { ca: issuer.cert },
  };
};
