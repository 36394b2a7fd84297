import { randomUUID } from 'node:crypto';
import type { ServiceName } from '@lethe/contracts';
import { makeCertificate, type TestCertificate } from '@lethe/test-servers';
import { Opaque } from '../safe/opaque.js';
import { serviceUri } from './service-uri.js';
import type { TlsSet } from './tls-schema.js';

/** A house's authority that lives as long as a test. */
export class TestAuthority {
  /** Its name is its own: OpenSSL finds an authority by name. */
  readonly root: TestCertificate = makeCertificate({ commonName: `authority ${randomUUID()}` });

  /** A certificate of this authority for `service` on this machine; `changes` makes it a wrong one. */
  issue(
    service: ServiceName,
    changes: Omit<Partial<Parameters<typeof makeCertificate>[0]>, 'commonName'> = {},
  ): TestCertificate {
    return makeCertificate({
      commonName: service,
      names: [serviceUri(service), 'localhost', '127.0.0.1'],
      issuer: this.root,
      ...changes,
    });
  }

  /** What a service is handed over. */
  setOf({ cert, key }: TestCertificate): Required<TlsSet> {
    return { certificatePem: cert, privateKeyPem: new Opaque(key), caPem: this.root.cert };
  }

  set(service: ServiceName, changes: Parameters<TestAuthority['issue']>[1] = {}): Required<TlsSet> {
    return this.setOf(this.issue(service, changes));
  }
}
