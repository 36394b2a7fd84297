import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { Opaque } from '../safe/opaque.js';
import { certificatesOf } from './pem.js';

const pem = z.string().min(1).max(262_144);
const pair = {
  /** The certificate, and behind it those that lead to the authority. */
  certificatePem: pem,
  privateKeyPem: pem.transform((text) => new Opaque(text)),
};

const areCertificates = (text: string): boolean => {
  try {
    const found = certificatesOf(text);
    for (const each of found) new X509Certificate(each);
    return found.length > 0;
  } catch {
    return false;
  }
};

/** Of a port that shows a certificate and asks for none. */
export const publicTlsSchema = z.strictObject(pair);

/** A service's own identity among the services, and the authority of all of them. */
export const tlsSchema = z.strictObject({ ...pair, caPem: pem });

/** A database is reached over TLS only, with a certificate of this authority for the host that the URL names. */
export const databaseTlsSchema = z.strictObject({ caPem: pem.refine(areCertificates) });

/** A certificate with its key; with the authority of its peers where they are asked for theirs. */
export interface TlsSet {
  readonly certificatePem: string;
  readonly privateKeyPem: Opaque<string>;
  readonly caPem?: string;
}
export type DatabaseTls = z.infer<typeof databaseTlsSchema>;
