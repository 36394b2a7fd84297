import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SealedPayload as SealedPayloadWire } from '../gen/ts/lethe/payload/v1/sealed_payload.js';
import { newUuidV7 } from '../ids/uuid.js';
import {
  decodeSealedPayload,
  encodeSealedPayload,
  type RawRequestReference,
  rawRequestBytesMax,
  type SealedPayloadRecord,
} from './codec.js';

const contentKey = { enc: randomBytes(32), ct: randomBytes(48) };
const rawRequest: RawRequestReference = {
  objectKey: randomBytes(16).toString('hex'),
  contentKey: { enc: randomBytes(32), ct: randomBytes(48) },
  nonce: randomBytes(12),
  ciphertextBytes: 1016,
};
const payload: SealedPayloadRecord = {
  insightId: newUuidV7(),
  orgId: newUuidV7(),
  apiKeyId: newUuidV7(),
  transitKeyId: newUuidV7(),
  policyVersion: 7n,
  contentKey,
  nonce: randomBytes(12),
  ciphertext: randomBytes(40),
};
const decodedWith = (change: Partial<RawRequestReference>) =>
  decodeSealedPayload(encodeSealedPayload({ ...payload, rawRequest: { ...rawRequest, ...change } }));

describe('a sealed payload on the wire', () => {
  it('comes back as it was, with and without a raw request', () => {
    for (const sent of [payload, { ...payload, rawRequest }])
      expect(decodeSealedPayload(encodeSealedPayload(sent))).toEqual({ ok: true, payload: sent });
  });

  it.each<[string, Partial<RawRequestReference>]>([
    ['a key that is somebody’s text', { objectKey: 'please summarize the following document' }],
    ['a key that climbs', { objectKey: '../../../../../../etc/passwd0000' }],
    ['an empty key', { objectKey: '' }],
    ['a short nonce', { nonce: randomBytes(11) }],
    ['a short content key', { contentKey: { enc: randomBytes(31), ct: randomBytes(48) } }],
    ['fewer bytes than a tag', { ciphertextBytes: 15 }],
    ['more bytes than a body may have', { ciphertextBytes: rawRequestBytesMax + 1 }],
  ])('is refused whole when its raw request has %s', (_what, change) => {
    expect(decodedWith({})).toMatchObject({ ok: true });
    expect(decodedWith(change)).toEqual({ ok: false, reject: 'bad_length' });
  });

  it('is refused when its raw request carries a field that is not known', () => {
    const wire = SealedPayloadWire.encode({
      ...SealedPayloadWire.decode(encodeSealedPayload(payload)),
      rawRequest: undefined,
    }).finish();
    const withText = (text: string) =>
      Buffer.concat([wire, Buffer.from([0x4a, text.length]), Buffer.from(text)]);
    // Field 9 is the raw request; field 5 in it is none of ours.
    expect(decodeSealedPayload(withText('\x2a\x03abc'))).toEqual({ ok: false, reject: 'unknown_field' });
    expect(decodeSealedPayload(wire)).toMatchObject({ ok: true });
  });
});
