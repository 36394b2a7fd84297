import { X509Certificate } from 'node:crypto';
import type { Registry } from 'prom-client';
import { readMetric } from './closed-metrics.js';

/** When a certificate ends, in seconds since 1970: of the first one in a PEM text. undefined when it cannot be read. */
export const certificateExpirySeconds = (pem: string): number | undefined => {
  try {
    const endMs = Date.parse(new X509Certificate(pem).validTo);
    return Number.isFinite(endMs) ? Math.floor(endMs / 1000) : undefined;
  } catch {
    return undefined;
  }
};

/** The certificates that a service uses now; asked at every look, so that a renewed one is seen. */
export interface CertificatesInUse {
  /** Of its own identity among the services. */
  readonly service?: (() => string | undefined) | undefined;
  /** Of a router's public port. */
  readonly public?: (() => string | undefined) | undefined;
}

/** Shows when each certificate in use ends; one that is not there is not shown. */
export const showCertificateExpiry = (registry: Registry, certificates: CertificatesInUse): void => {
  readMetric(registry, 'lethe_certificate_expiry_timestamp_seconds', () =>
    (['service', 'public'] as const).flatMap((certificate) => {
      const pem = certificates[certificate]?.();
      const seconds = pem === undefined ? undefined : certificateExpirySeconds(pem);
      return seconds === undefined ? [] : [[{ certificate }, seconds] as const];
    }),
  );
};

/** Shows whether the service can do its work, as readiness says at that moment. */
export const showReadiness = (registry: Registry, ready: () => boolean | Promise<boolean>): void => {
  readMetric(registry, 'lethe_ready', async () => ((await ready()) ? 1 : 0));
};
