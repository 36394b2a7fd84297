import { createCipheriv } from 'node:crypto';
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aesGcmSeal } from './aes-gcm.js';
import { decap, encap } from './dhkem.js';
import { AES_256_GCM, hpkeOpen, hpkeSeal, keySchedule } from './hpke.js';
import { labeledExpand, labeledExtract } from './hpke-kdf.js';
import { generateKeyPair, publicKeyOf } from './x25519.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const EMPTY = Buffer.alloc(0);

/** RFC 9180 appendix A.1, base mode: what does not depend on the AEAD. */
const RFC = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  ikmE: hex('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234'),
  skEm: hex('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736'),
  enc: hex('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
  ikmR: hex('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037'),
  skRm: hex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
  pkRm: hex('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
  sharedSecret: hex('fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc'),
  plaintext: hex('4265617574792069732074727574682c20747275746820626561757479'),
  aad: hex('436f756e742d30'),
};

/** The RFC's row (AES-128-GCM), and the same inputs with the AEAD that this house uses. */
const ROWS = [
  {
    aead: { id: 1, keyBytes: 16 },
    cipher: 'aes-128-gcm',
    key: hex('4531685d41d65f03dc48f6b8302c05b0'),
    nonce: hex('56d890e5accaaf011cff4b7d'),
    exporter: hex('45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8'),
    ct: hex('f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a'),
  },
  {
    aead: AES_256_GCM,
    cipher: 'aes-256-gcm',
    key: hex('a2863277956ec56c4f9f16b43665870daa2403d0d22baceff6551c4ff35b8528'),
    nonce: hex('94fc3a5af015ec686da39ff8'),
    exporter: hex('1de04acd4387c1d4a50b2615c6c46f9c0fd311ba06c106d04e3a4f16f75bc7d3'),
    ct: hex('090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa838530a32a397b14f5776db19ff5e57734e0'),
  },
] as const;

/** DeriveKeyPair of RFC 9180 section 7.1.3, to tie the vectors' seeds to their keys. */
function derivePrivateKey(ikm: Buffer): Buffer {
  const suiteId = Buffer.from('KEM\0\x20', 'latin1');
  const prk = labeledExtract(suiteId, EMPTY, 'dkp_prk', ikm);
  return labeledExpand(suiteId, prk, { label: 'sk', info: EMPTY, byteCount: 32 });
}

function exporterSecret(aeadId: number): Buffer {
  const suiteId = Buffer.from([...Buffer.from('HPKE'), 0, 0x20, 0, 1, 0, aeadId]);
  const context = Buffer.concat([
    Buffer.from([0]),
    labeledExtract(suiteId, EMPTY, 'psk_id_hash', EMPTY),
    labeledExtract(suiteId, EMPTY, 'info_hash', RFC.info),
  ]);
  const secret = labeledExtract(suiteId, RFC.sharedSecret, 'secret', EMPTY);
  return labeledExpand(suiteId, secret, { label: 'exp', info: context, byteCount: 32 });
}

describe('RFC 9180 vectors', () => {
  it('derives the key pairs', () => {
    expect(derivePrivateKey(RFC.ikmE)).toEqual(RFC.skEm);
    expect(derivePrivateKey(RFC.ikmR)).toEqual(RFC.skRm);
    expect(publicKeyOf(RFC.skEm)).toEqual(RFC.enc);
    expect(publicKeyOf(RFC.skRm)).toEqual(RFC.pkRm);
  });

  it('agrees on the shared secret from both sides', () => {
    const { secret, enc } = encap(RFC.pkRm, { publicKey: RFC.enc, privateKey: RFC.skEm });
    expect(enc).toEqual(RFC.enc);
    expect(secret).toEqual(RFC.sharedSecret);
    expect(decap(RFC.enc, RFC.skRm)).toEqual(RFC.sharedSecret);
  });

  it.each(ROWS)('derives key, nonce and exporter secret, and encrypts, with $cipher', (row) => {
    const { key, nonce } = keySchedule(RFC.sharedSecret, RFC.info, row.aead);
    expect({ key, nonce }).toEqual({ key: row.key, nonce: row.nonce });
    expect(exporterSecret(row.aead.id)).toEqual(row.exporter);
    const cipher = createCipheriv(row.cipher, key, nonce).setAAD(RFC.aad);
    const ct = Buffer.concat([cipher.update(RFC.plaintext), cipher.final(), cipher.getAuthTag()]);
    expect(ct).toEqual(row.ct);
  });

  it('opens the AES-256-GCM vector, and encrypts to it, with the code that ships', () => {
    const { key, nonce, ct } = ROWS[1];
    const context = { info: RFC.info, aad: RFC.aad };
    expect(hpkeOpen({ enc: RFC.enc, ct }, RFC.skRm, context)).toEqual(RFC.plaintext);
    expect(aesGcmSeal({ key, nonce, aad: RFC.aad }, RFC.plaintext)).toEqual(ct);
  });
});

/** Node's Buffers share memory; the oracle wants an ArrayBuffer of its own. */
const own = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

describe('interoperates with an independent implementation', () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  const anyMessage = fc.tuple(
    fc.uint8Array({ maxLength: 100 }),
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ maxLength: 64 }),
  );

  it('the oracle opens what we seal', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async ([plaintext, info, aad]) => {
        const pair = generateKeyPair();
        const { enc, ct } = hpkeSeal(Buffer.from(plaintext), pair.publicKey, {
          info: Buffer.from(info),
          aad: Buffer.from(aad),
        });
        const recipientKey = await suite.kem.importKey('raw', own(pair.privateKey), false);
        const opened = await suite.open({ recipientKey, enc: own(enc), info: own(info) }, own(ct), own(aad));
        expect(Buffer.from(opened)).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 25 },
    );
  });

  it('we open what the oracle seals', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async ([plaintext, info, aad]) => {
        const pair = generateKeyPair();
        const recipientPublicKey = await suite.kem.importKey('raw', own(pair.publicKey), true);
        const sealed = await suite.seal({ recipientPublicKey, info: own(info) }, own(plaintext), own(aad));
        const ours = { enc: Buffer.from(sealed.enc), ct: Buffer.from(sealed.ct) };
        const context = { info: Buffer.from(info), aad: Buffer.from(aad) };
        expect(hpkeOpen(ours, pair.privateKey, context)).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 25 },
    );
  });
});

describe('public keys that would give the secret away', () => {
  // The points of order 1, 2, 4 and 8 and their unreduced spellings (RFC 7748 section 6.1 and its security notes).
  const LOW_ORDER = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  ];
  const context = { info: EMPTY, aad: EMPTY };

  it.each(LOW_ORDER)('refuses to seal to %s', (point) => {
    expect(() => hpkeSeal(Buffer.from('m'), hex(point), context)).toThrow(
      expect.objectContaining({ code: 'bad_key' }),
    );
  });

  it.each(LOW_ORDER)('does not open what claims to come from %s', (point) => {
    const { privateKey } = generateKeyPair();
    expect(() => hpkeOpen({ enc: hex(point), ct: Buffer.alloc(17) }, privateKey, context)).toThrow(
      expect.objectContaining({ code: 'open_failed' }),
    );
  });

  it('refuses keys of another length, and seals to an ordinary one', () => {
    for (const byteCount of [0, 31, 33]) {
      const key = Buffer.alloc(byteCount, 9);
      expect(() => hpkeSeal(EMPTY, key, context)).toThrow(expect.objectContaining({ code: 'bad_key' }));
      expect(() => hpkeOpen({ enc: RFC.enc, ct: Buffer.alloc(16) }, key, context)).toThrow(
        expect.objectContaining({ code: 'bad_key' }),
      );
    }
    expect(hpkeSeal(EMPTY, Buffer.alloc(32, 9), context).ct).toHaveLength(16);
  });
});

describe('generateKeyPair', () => {
  it('gives raw halves that belong together, new ones each time', () => {
    const [first, second] = [generateKeyPair(), generateKeyPair()];
    expect(publicKeyOf(first.privateKey)).toEqual(first.publicKey);
    expect(first.privateKey).toHaveLength(32);
    expect(first.publicKey.equals(second.publicKey)).toBe(false);
  });
});
