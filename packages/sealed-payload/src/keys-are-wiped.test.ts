import * as crypto from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';

/** Every secret the package held, with the bytes it had when it was used. */
const held: { readonly name: string; readonly bytes: Uint8Array; inUse: Buffer }[] = [];

function watch<T extends Uint8Array>(name: string, bytes: T): T {
  held.push({ name, bytes, inUse: Buffer.from(bytes) });
  return bytes;
}

jest.unstable_mockModule('node:crypto', () => ({
  ...crypto,
  randomBytes: (byteCount: number) => {
    const bytes = crypto.randomBytes(byteCount);
    return byteCount === 32 ? watch('content key', bytes) : bytes;
  },
  generateKeyPairSync: (...args: unknown[]) => {
    const pairInDer = Reflect.apply(crypto.generateKeyPairSync, crypto, args) as { privateKey: Buffer };
    watch('generated private key', pairInDer.privateKey);
    return pairInDer;
  },
  diffieHellman: (keys: Parameters<typeof crypto.diffieHellman>[0]) =>
    watch('shared point', crypto.diffieHellman(keys)),
  createPrivateKey: (input: { key: Buffer; format: 'der'; type: 'pkcs8' }) => {
    watch('imported private key', input.key);
    // Raw keys are allocated empty and filled later; by now they are in use.
    for (const secret of held)
      if (secret.name === 'raw private key') secret.inUse = Buffer.from(secret.bytes);
    return crypto.createPrivateKey(input);
  },
  createHmac: (algorithm: string, key: Buffer) => {
    if (key.length > 0) watch('derivation key', key);
    return crypto.createHmac(algorithm, key);
  },
  createCipheriv: (...args: Parameters<typeof crypto.createCipheriv>) => {
    watch('cipher key', args[1] as Uint8Array);
    return crypto.createCipheriv(...args);
  },
  createDecipheriv: (...args: Parameters<typeof crypto.createDecipheriv>) => {
    const decipher = crypto.createDecipheriv(...args);
    const update = decipher.update.bind(decipher);
    decipher.update = ((input: Buffer) => watch('decrypted', update(input))) as typeof decipher.update;
    return decipher;
  },
}));

const { generateTransitKeyPair, openPayload, sealPayload, unsealContentKey } = await import('./index.js');

const pair = generateTransitKeyPair();
const transitKeyId = Buffer.from('key-1');
const binding = {
  orgId: Buffer.alloc(16, 1),
  insightId: Buffer.alloc(16, 2),
  kind: 'payload',
  policyVersion: 1n,
} as const;
const to = { transitKeyId, publicKey: pair.publicKey };
const by = { transitKeyId, privateKey: pair.privateKey };

/** Runs an action; says of every secret held meanwhile whether it was there, and whether it is gone. */
function heldDuring(action: () => unknown): { name: string; wasThere: boolean; isGone: boolean }[] {
  held.length = 0;
  const allocate = Buffer.alloc.bind(Buffer);
  const spy = jest.spyOn(Buffer, 'alloc').mockImplementation((size, ...rest) => {
    const bytes = allocate(size, ...rest);
    return size === 32 ? watch('raw private key', bytes) : bytes;
  });
  action();
  spy.mockRestore();
  return held.map(({ name, bytes, inUse }) => ({
    name,
    wasThere: inUse.some((byte) => byte !== 0),
    isGone: bytes.every((byte) => byte === 0),
  }));
}

describe('keys are gone when the call returns', () => {
  it('after sealing: content key, shared point, ephemeral key, HPKE key', () => {
    const secrets = heldDuring(() => sealPayload(Buffer.from('said'), to, binding));
    expect(new Set(secrets.map(({ name }) => name))).toEqual(
      new Set([
        'cipher key',
        'content key',
        'derivation key',
        'generated private key',
        'imported private key',
        'raw private key',
        'shared point',
      ]),
    );
    for (const secret of secrets) expect(secret).toMatchObject({ wasThere: true, isGone: true });
  });

  it('after a seal that failed', () => {
    const secrets = heldDuring(() => {
      const notBytes = 'said' as unknown as Buffer;
      expect(() => sealPayload(notBytes, to, binding)).toThrow('wrong length');
    });
    expect(secrets.map(({ name }) => name)).toContain('content key');
    for (const secret of secrets) expect(secret).toMatchObject({ wasThere: true, isGone: true });
  });

  it('after unsealing: all but the content key that the caller asked for', () => {
    const { contentKey } = sealPayload(Buffer.from('said'), to, binding);
    const kept = heldDuring(() => unsealContentKey(contentKey, by, binding)).filter(({ isGone }) => !isGone);
    expect(kept).toEqual([{ name: 'decrypted', wasThere: true, isGone: false }]);
  });

  it('what was decrypted but not authentic is gone as well', () => {
    const sealed = sealPayload(Buffer.from('said'), to, binding);
    const contentKey = unsealContentKey(sealed.contentKey, by, binding);
    const bound = { ...binding, transitKeyId };
    const tagged = Buffer.from(sealed.ciphertext);
    tagged[tagged.length - 1] = (tagged.at(-1) ?? 0) ^ 1;
    const altered = { ...sealed, ciphertext: tagged };
    const secrets = heldDuring(() =>
      expect(() => openPayload(altered, contentKey, bound)).toThrow('altered'),
    );
    expect(secrets).toEqual([{ name: 'decrypted', wasThere: true, isGone: true }]);
    const opened = heldDuring(() => openPayload(sealed, contentKey, bound));
    expect(opened).toEqual([{ name: 'decrypted', wasThere: true, isGone: false }]);
  });
});
