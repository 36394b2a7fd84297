import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A throw-away certificate for localhost, PEM. `file` holds it for programs that trust it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly file: string;
  remove(): void;
}

/** Makes one with openssl, which must be on the path. */
export const makeCertificate = (): Certificate => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-residue-'));
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const out = ['-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...names, ...out], { cwd: folder, stdio: 'ignore' });
  const file = join(folder, 'cert.pem');
  return {
    cert: readFileSync(file, 'utf8'),
    key: readFileSync(join(folder, 'key.pem'), 'utf8'),
    file,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
