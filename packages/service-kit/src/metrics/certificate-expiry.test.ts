import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../process/metrics.js';
import { certificateExpirySeconds, showCertificateExpiry, showReadiness } from './certificate-expiry.js';

const selfMade = (days: number): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-certificate-'));
  const args = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-subj', '/CN=router'];
  try {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        `${days}`,
        ...args,
      ],
      { stdio: 'ignore' },
    );
    return readFileSync(join(folder, 'cert.pem'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

describe('the end of a certificate', () => {
  it('is read from its PEM, in seconds', () => {
    const inTenDays = Date.now() / 1000 + 10 * 86_400;
    const seconds = certificateExpirySeconds(selfMade(10)) ?? 0;
    expect(Math.abs(seconds - inTenDays)).toBeLessThan(120);
    for (const broken of [
      '',
      'no certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
    ])
      expect(certificateExpirySeconds(broken)).toBeUndefined();
  });

  it('is shown of the certificate that is in use at that moment', async () => {
    const registry = createMetrics('router');
    let inUse: string | undefined;
    showCertificateExpiry(registry, { service: () => inUse, public: () => 'broken' });
    const shown = async () =>
      [...(await registry.metrics()).matchAll(/^lethe_certificate\S*certificate="(\w+)"\S* (\S+)$/gm)].map(
        ([, certificate, value]) => [certificate, Math.round((Number(value) - Date.now() / 1000) / 86_400)],
      );
    expect(await shown()).toEqual([]);
    inUse = selfMade(10);
    expect(await shown()).toEqual([['service', 10]]);
    inUse = selfMade(90);
    expect(await shown()).toEqual([['service', 90]]);
  });
});

describe('readiness', () => {
  it('is shown as it is', async () => {
    const registry = createMetrics('audit');
    let ready = true;
    showReadiness(registry, () => Promise.resolve(ready));
    expect(await registry.metrics()).toMatch(/^lethe_ready\{service="audit"\} 1$/m);
    ready = false;
    expect(await registry.metrics()).toMatch(/^lethe_ready\{service="audit"\} 0$/m);
  });
});
