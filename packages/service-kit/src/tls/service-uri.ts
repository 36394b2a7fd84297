import type { PeerCertificate } from 'node:tls';
import { type ServiceName, serviceNames } from '@lethe/contracts';

/** What a service's certificate calls it, as its one alternative name of the kind URI. */
export const serviceUri = (service: ServiceName): string => `spiffe://lethe/${service}`;

/**
 * The service of a certificate's alternative names, as Node writes them in a line. Undefined without exactly one URI,
 * and when a name is quoted: it holds separators, and could pass for two.
 */
export const serviceOfNames = (names: string | undefined): ServiceName | undefined => {
  if (names === undefined || names.includes('"')) return undefined;
  const uris = names.split(', ').filter((name) => name.startsWith('URI:'));
  return uris.length === 1
    ? serviceNames.find((service) => uris[0] === `URI:${serviceUri(service)}`)
    : undefined;
};

/** The service that a verified certificate of a peer names. */
export const serviceOfPeer = (peer: PeerCertificate | undefined): ServiceName | undefined =>
  serviceOfNames(peer?.subjectaltname);
