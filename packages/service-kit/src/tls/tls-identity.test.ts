import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { makeCertificate } from '@lethe/test-servers';
import { ConfigError } from '../process/config.js';
import { createLogger } from '../safe/log.js';
import { Opaque } from '../safe/opaque.js';
import { openTls } from './open-tls.js';
import { serviceOfNames, serviceUri } from './service-uri.js';
import { TestAuthority } from './test-authority.contract.js';
import { TlsIdentity, TlsRefusedError } from './tls-identity.js';
import { databaseTlsSchema, type TlsSet, tlsSchema } from './tls-schema.js';

const authority = new TestAuthority();
const good = authority.set('audit');
const hourMs = 3_600_000;
const [hourAgo, inAnHour] = [new Date(Date.now() - hourMs), new Date(Date.now() + hourMs)];

const refusalOf = (set: TlsSet): string => {
  try {
    new TlsIdentity(set, 'audit');
    return 'taken';
  } catch (error) {
    if (error instanceof TlsRefusedError) return error.refusal;
    throw error;
  }
};

describe('a set', () => {
  it.each<[string, TlsSet, string]>([
    ['that is right', good, 'taken'],
    [
      'behind which its authority stands',
      { ...good, certificatePem: good.certificatePem + authority.root.cert },
      'taken',
    ],
    ['without a certificate', { ...good, certificatePem: 'hello' }, 'certificate_unreadable'],
    [
      'with a broken certificate',
      { ...good, certificatePem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      'certificate_unreadable',
    ],
    ['without a key', { ...good, privateKeyPem: new Opaque('hello') }, 'key_unreadable'],
    ['with another key', { ...good, privateKeyPem: authority.set('audit').privateKeyPem }, 'key_mismatch'],
    ['that has run out', authority.set('audit', { validTo: hourAgo }), 'expired'],
    ['that is not valid yet', authority.set('audit', { validFrom: inAnHour }), 'not_yet_valid'],
    [
      'behind which something has run out',
      {
        ...good,
        certificatePem: good.certificatePem + makeCertificate({ commonName: 'x', validTo: hourAgo }).cert,
      },
      'expired',
    ],
    ['of another service', authority.set('router'), 'other_service'],
    ['of no service', authority.set('audit', { names: ['localhost'] }), 'other_service'],
    [
      'of two services',
      authority.set('audit', { names: [serviceUri('audit'), serviceUri('router')] }),
      'other_service',
    ],
    ['without an authority', { ...good, caPem: '' }, 'authority_unreadable'],
  ])('%s', (_what, set, expected) => {
    expect(refusalOf(set)).toBe(expected);
  });

  it('need not name a service where none is asked for', () => {
    const { certificatePem, privateKeyPem } = authority.set('audit', { names: ['localhost'] });
    expect(() => new TlsIdentity({ certificatePem, privateKeyPem })).not.toThrow();
  });
});

describe('the name of a service', () => {
  it.each([
    ['URI:spiffe://lethe/audit, DNS:localhost', 'audit'],
    ['DNS:localhost, URI:spiffe://lethe/router', 'router'],
    ['DNS:localhost', undefined],
    ['URI:spiffe://lethe/nobody', undefined],
    ['URI:spiffe://elsewhere/audit', undefined],
    ['URI:spiffe://lethe/audit, URI:spiffe://lethe/router', undefined],
    // As Node writes a host name that holds a separator.
    ['DNS:"x, URI:spiffe://lethe/audit, y"', undefined],
    [undefined, undefined],
  ])('%s is %s', (names, service) => {
    expect(serviceOfNames(names)).toBe(service);
  });
});

describe('an identity', () => {
  it('takes a renewal and tells whoever asked to hear of it', () => {
    const identity = new TlsIdentity(authority.set('audit', { validTo: inAnHour }), 'audit');
    const before = identity.clientContext.context;
    let heard = 0;
    const stop = identity.onRenewed(() => {
      heard += 1;
    });
    expect(identity.expiresAtMs).toBeLessThan(Date.now() + 2 * hourMs);
    identity.renew(good);
    expect(identity.expiresAtMs).toBeGreaterThan(Date.now() + 2 * hourMs);
    expect(identity.certificatePem).toBe(good.certificatePem);
    expect(identity.serverOptions()).toMatchObject({ cert: good.certificatePem, minVersion: 'TLSv1.2' });
    expect(identity.clientContext.context).not.toBe(before);
    stop();
    identity.renew(good);
    expect(heard).toBe(1);
  });

  it('keeps what it has when a renewal is refused', () => {
    const identity = new TlsIdentity(good, 'audit');
    const before = identity.clientContext.context;
    identity.onRenewed(() => {
      throw new Error('was told');
    });
    expect(() => identity.renew(authority.set('router'))).toThrow(TlsRefusedError);
    expect(() => identity.renew(authority.set('audit', { validTo: hourAgo }))).toThrow(TlsRefusedError);
    expect(identity.certificatePem).toBe(good.certificatePem);
    expect(identity.clientContext.context).toBe(before);
  });

  it('shows its key to nobody who prints it', () => {
    const identity = new TlsIdentity(good, 'audit');
    const key = good.privateKeyPem.reveal().split('\n')[1] as string;
    const printed = (value: unknown): string =>
      inspect(value, { showHidden: true, depth: null }) + JSON.stringify(value) + String(value);
    expect(printed(identity)).not.toContain(key);
    expect(printed(tlsSchema.parse({ ...good, privateKeyPem: good.privateKeyPem.reveal() }))).not.toContain(
      key,
    );
    const error = (() => {
      try {
        return new TlsIdentity({ ...good, certificatePem: authority.set('audit').certificatePem });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(TlsRefusedError);
    expect(printed(error)).not.toContain(key);
    // The control: where it can be seen, this finds it.
    expect(printed(identity.serverOptions()).replaceAll('\\n', '\n')).toContain(key);
  });
});

describe('the sets of a launch object', () => {
  const lines: string[] = [];
  const log = createLogger('audit', (line) => lines.push(line));
  const asLaunched = ({ privateKeyPem, ...rest }: TlsSet): object => ({
    ...rest,
    privateKeyPem: privateKeyPem.reveal(),
  });
  const open = (change: { tls?: TlsSet | undefined; publicTls?: TlsSet } = {}) =>
    openTls({ service: 'audit', tls: good, log, ...change });

  it('are absent where there are none', () => {
    expect(open({ tls: undefined })).toMatchObject({ tls: undefined, publicTls: undefined });
  });

  it('end the start when they are refused, all of them named and none shown', () => {
    const expired = authority.set('audit', { validTo: hourAgo });
    const start = () => open({ tls: authority.set('router'), publicTls: expired });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow('tls: other_service\n  - publicTls: expired');
  });

  it('are renewed by a later line', () => {
    const opened = open();
    const next = authority.set('audit');
    expect(opened.renew({ renew: { tls: asLaunched(next) } })).toEqual(['tls']);
    expect(opened.tls?.certificatePem).toBe(next.certificatePem);
  });

  it.each<[string, unknown, string | undefined]>([
    ['another service’s', { renew: { tls: asLaunched(authority.set('router')) } }, 'other_service'],
    ['one without its key', { renew: { tls: { ...good, privateKeyPem: undefined } } }, 'malformed'],
    ['a word', { renew: { tls: 'CANARY' } }, 'malformed'],
    ['one for a port that has none', { renew: { publicTls: asLaunched(good) } }, 'not_in_use'],
    ['something else', { rotate: {} }, undefined],
    ['a number', 7, undefined],
  ])('stay what they are after %s', (_what, line, refusal) => {
    const opened = open();
    lines.length = 0;
    expect(opened.renew(line)).toEqual([]);
    expect(opened.tls?.certificatePem).toBe(good.certificatePem);
    expect(lines.map((each) => (JSON.parse(each) as { refusal: string }).refusal)).toEqual(
      refusal === undefined ? [] : [refusal],
    );
    expect(lines.join()).not.toMatch(/CANARY|PRIVATE/);
  });
});

describe('a database’s authority', () => {
  it('is certificates', () => {
    const taken = (caPem: string): boolean => databaseTlsSchema.safeParse({ caPem }).success;
    expect(taken(authority.root.cert)).toBe(true);
    expect(taken(authority.root.cert + authority.root.cert)).toBe(true);
    expect(taken('hello')).toBe(false);
    expect(taken('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toBe(false);
  });
});
