import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** DER: a tag, the length, the content. */
const der = (tag: number, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  const size = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([
    Buffer.of(tag),
    body.length < 128 ? size : Buffer.concat([Buffer.of(0x80 | size.length), size]),
    body,
  ]);
};
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (text: string): Buffer => der(0x17, Buffer.from(text));
const extension = (id: string, ...value: readonly Buffer[]): Buffer =>
  der(0x30, oid(id), der(0x04, ...value));

/** A certificate and its key, both PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly subject: Buffer;
  readonly privateKey: KeyObject;
}

export interface CertificateShape {
  readonly commonName: string;
  /** Host names, IPv4 addresses and URIs. */
  readonly names?: readonly string[];
  /** Absent: signed with its own key. */
  readonly issuer?: TestCertificate;
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

const nameOf = (name: string): Buffer => {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  return der(/^[a-z]+:\/\//.test(name) ? 0x86 : 0x82, Buffer.from(name));
};

/** UTCTime: two digits of the year. */
const timeOf = (date: Date): Buffer => time(date.toISOString().replace(/^..|[-:T]|\.\d+/g, ''));

const authorityOnly = (): readonly Buffer[] => [
  extension('551d13', der(0x30, der(0x01, Buffer.of(0xff)))), // basicConstraints: may sign others
];
/** extKeyUsage: server and client. */
const bothUsages = (): readonly Buffer[] => [
  extension('551d25', der(0x30, oid('2b06010505070301'), oid('2b06010505070302'))),
];

/** Makes a certificate with a key on P-256; one that signed itself may sign others. Valid from 2020 to 2049 by default. */
export const makeCertificate = (shape: CertificateShape): TestCertificate => {
  const { commonName, names = [], issuer } = shape;
  const { validFrom = new Date('2020-01-01'), validTo = new Date('2049-12-31') } = shape;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(0x30, oid('2a8648ce3d040302')); // ecdsa-with-SHA256
  const subject = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(commonName)))));
  const alternatives = names.length === 0 ? [] : [extension('551d11', der(0x30, ...names.map(nameOf)))];
  const extensions = [...alternatives, ...(issuer === undefined ? authorityOnly() : bothUsages())];
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(7)])),
    algorithm,
    issuer?.subject ?? subject,
    der(0x30, timeOf(validFrom), timeOf(validTo)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const whole = der(0x30, body, algorithm, der(0x03, Buffer.of(0), signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    subject,
    privateKey,
  };
};
