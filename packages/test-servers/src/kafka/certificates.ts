import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A client's identity, PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TestCertificates {
  readonly ca: string;
  /** By common name. */
  readonly clients: Readonly<Record<string, ClientCertificate>>;
  /** For the broker: private key, certificate and authority in one PEM file. */
  readonly brokerKeystoreFile: string;
  readonly caFile: string;
}

const openssl = (folder: string, ...args: string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
};

const issue = (folder: string, name: string): void => {
  const curve = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  openssl(folder, 'genpkey', ...curve, '-out', `${name}.key`);
  openssl(folder, 'req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
  const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-sha256'];
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...signing, '-extfile', 'ext', '-out', `${name}.crt`);
};

/** Makes a throw-away authority, a broker certificate for 127.0.0.1 and localhost, and one certificate per client. */
export const makeCertificates = (folder: string, clientNames: readonly string[]): TestCertificates => {
  mkdirSync(folder, { recursive: true });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = [
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=test',
  ];
  openssl(folder, 'req', ...authority);
  const usages = 'extendedKeyUsage=serverAuth,clientAuth';
  writeFileSync(join(folder, 'ext'), `subjectAltName=DNS:localhost,IP:127.0.0.1\n${usages}\n`);
  for (const name of ['broker', ...clientNames]) issue(folder, name);
  const brokerKeystoreFile = join(folder, 'broker.pem');
  writeFileSync(brokerKeystoreFile, read('broker.key') + read('broker.crt') + read('ca.crt'), {
    mode: 0o600,
  });
  return {
    ca: read('ca.crt'),
    clients: Object.fromEntries(
      clientNames.map((name) => [name, { cert: read(`${name}.crt`), key: read(`${name}.key`) }]),
    ),
    brokerKeystoreFile,
    caFile: join(folder, 'ca.crt'),
  };
};
