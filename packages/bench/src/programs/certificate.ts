import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.js';
import { runTool } from './run-tool.js';

/** A certificate of its own authority for 127.0.0.1, with its key. */
export interface Certificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly certificateFile: string;
}

/** Makes a throw-away certificate in `folder` with openssl; the same one for each call. Rejects with Problem. */
export const makeCertificate = async (folder: string): Promise<Certificate> => {
  const [key, certificateFile] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const { ok } = await runTool('openssl', [
    'req',
    '-x509',
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-sha256'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificateFile],
  ]);
  if (!ok) throw new Problem('openssl could not make a certificate: the TLS cells need it.');
  return {
    certificatePem: readFileSync(certificateFile, 'utf8'),
    privateKeyPem: readFileSync(key, 'utf8'),
    certificateFile,
  };
};
