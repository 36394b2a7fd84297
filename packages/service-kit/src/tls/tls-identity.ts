import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { ServiceName } from '@lethe/contracts';
import { certificatesOf } from './pem.js';
import { serviceOfNames } from './service-uri.js';
import type { TlsSet } from './tls-schema.js';

/** Why a certificate and its key are not taken. */
export type TlsRefusal =
  | 'malformed'
  | 'not_in_use'
  | 'certificate_unreadable'
  | 'key_unreadable'
  | 'key_mismatch'
  | 'not_yet_valid'
  | 'expired'
  | 'other_service'
  | 'authority_unreadable'
  | 'unusable';

export class TlsRefusedError extends Error {
  constructor(readonly refusal: TlsRefusal) {
    super('the certificate is not taken');
    this.name = 'TlsRefusedError';
  }
}

const minVersion = 'TLSv1.2';

/** The set in use, checked. `context` is what OpenSSL made of it. */
interface Checked {
  readonly set: TlsSet;
  readonly context: SecureContext;
  readonly expiresAtMs: number;
}

const attempt = <T>(refusal: TlsRefusal, work: () => T): T => {
  try {
    return work();
  } catch {
    throw new TlsRefusedError(refusal);
  }
};

const parse = (pem: string, refusal: TlsRefusal): readonly X509Certificate[] => {
  const found = attempt(refusal, () => certificatesOf(pem).map((each) => new X509Certificate(each)));
  if (found.length === 0) throw new TlsRefusedError(refusal);
  return found;
};

const optionsOf = (set: TlsSet): SecureContextOptions => ({
  cert: set.certificatePem,
  key: set.privateKeyPem.reveal(),
  ...(set.caPem !== undefined && { ca: set.caPem }),
  minVersion,
});

const check = (set: TlsSet, service: ServiceName | undefined): Checked => {
  const chain = parse(set.certificatePem, 'certificate_unreadable');
  const [own] = chain as [X509Certificate];
  const key: KeyObject = attempt('key_unreadable', () => createPrivateKey(set.privateKeyPem.reveal()));
  if (!own.checkPrivateKey(key)) throw new TlsRefusedError('key_mismatch');
  const expiresAtMs = Math.min(...chain.map(({ validTo }) => Date.parse(validTo)));
  if (!(expiresAtMs > Date.now())) throw new TlsRefusedError('expired');
  if (!chain.every(({ validFrom }) => Date.parse(validFrom) <= Date.now()))
    throw new TlsRefusedError('not_yet_valid');
  if (service !== undefined && serviceOfNames(own.subjectAltName) !== service)
    throw new TlsRefusedError('other_service');
  if (set.caPem !== undefined) parse(set.caPem, 'authority_unreadable');
  return { set, context: attempt('unusable', () => createSecureContext(optionsOf(set))), expiresAtMs };
};

/**
 * A certificate with its key, which can be renewed while it is in use: handshakes from then on show the new one,
 * connections that stand go on. No private key can be had from it but as an option of a server.
 */
export class TlsIdentity {
  #current: Checked;
  readonly #service: ServiceName | undefined;
  readonly #listeners = new Set<() => void>();
  /** For clients, who keep one object: whatever they connect with it, they connect with the set of that moment. */
  readonly clientContext: SecureContext;

  /** `service`: the one that the certificate must name. Throws TlsRefusedError. */
  constructor(set: TlsSet, service?: ServiceName) {
    this.#service = service;
    this.#current = check(set, service);
    const current = () => this.#current.context.context;
    this.clientContext = {
      get context() {
        return current();
      },
    };
  }

  /** When the first certificate of the chain runs out, in milliseconds since 1970. */
  get expiresAtMs(): number {
    return this.#current.expiresAtMs;
  }

  /** As it is shown to peers. */
  get certificatePem(): string {
    return this.#current.set.certificatePem;
  }

  /** Of a server. With an authority (`ca`), when the set has one: for whoever asks clients for theirs. */
  serverOptions(): SecureContextOptions {
    return optionsOf(this.#current.set);
  }

  /** Throws TlsRefusedError, and the set before stays. */
  renew(next: TlsSet): void {
    this.#current = check(next, this.#service);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back after each renewal until the returned function is called. */
  onRenewed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
