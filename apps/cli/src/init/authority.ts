// The certificate library asks for this before it is loaded.
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as X509Parsed,
} from '@peculiar/x509';
import type { CertificatePlan } from './layout.js';

type KeyPair = webcrypto.CryptoKeyPair;

/** PEM texts. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { ...curve, hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
const authorityDays = 3_650;
export const certificateDays = 397;
/** Clocks of other machines may be behind. */
const backdatedMs = 3_600_000;

const newKeys = (): Promise<KeyPair> => webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);

const keyPem = async ({ privateKey }: KeyPair): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
};

const privateKeyOf = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey(
    'pkcs8',
    Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
    curve,
    false,
    ['sign'],
  );

const lifetime = (days: number) => ({
  serialNumber: `00${randomBytes(16).toString('hex')}`,
  notBefore: new Date(Date.now() - backdatedMs),
  notAfter: new Date(Date.now() + days * dayMs),
  signingAlgorithm: signing,
});

/** A new authority: a root of its own, that may sign certificates of servers and clients and no further authorities. */
export const newAuthority = async (name: string): Promise<Issued> => {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...lifetime(authorityDays),
    name: `CN=${name}`,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys) };
};

const usages = {
  server: [ExtendedKeyUsage.serverAuth],
  client: [ExtendedKeyUsage.clientAuth],
  both: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
} as const;

const namesOf = ({ dnsNames, uri }: CertificatePlan) => [
  ...dnsNames.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
  ...(uri === undefined ? [] : [{ type: 'url' as const, value: uri }]),
];

/** A certificate with a new key, signed by the authority. */
export const issue = async (plan: CertificatePlan, authority: Issued): Promise<Issued> => {
  const keys = await newKeys();
  const issuer = new X509Parsed(authority.certificate);
  const names = namesOf(plan);
  const certificate = await X509CertificateGenerator.create({
    ...lifetime(certificateDays),
    subject: `CN=${plan.commonName}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await privateKeyOf(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([...usages[plan.usage]]),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys) };
};

/** What is wrong with a certificate that lies there already; undefined when it can stay. Without `authority` anybody may have signed it. */
export const flawOf = (issued: Issued, authority: string | undefined): string | undefined => {
  try {
    const certificate = new X509Certificate(issued.certificate);
    const isOurs = authority === undefined || certificate.verify(new X509Certificate(authority).publicKey);
    if (!isOurs) return 'is signed by another authority';
    if (Date.parse(certificate.validTo) <= Date.now()) return 'has expired';
    return certificate.checkPrivateKey(createPrivateKey(issued.key))
      ? undefined
      : 'does not belong to the key beside it';
  } catch {
    return 'cannot be read';
  }
};
