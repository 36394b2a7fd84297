import { describe, expect, it } from '@jest/globals';
import { logSigner, origin, TestLog } from '../testing/test-log.js';
import { formatCheckpointBody, parseCheckpoint } from './checkpoint-body.js';
import { addSignatures, openNote, signNote } from './note.js';
import { makeCosigner, makeSigner } from './signer.js';
import { parseVerifierKey, verifierKey } from './verifier-key.js';

const log = TestLog.decimal(7);
const note = log.note();
const seconds = 1_795_287_600;
const witness = makeCosigner('witness.example/w1', Buffer.alloc(32, 9), () => seconds);
const other = makeSigner('other.example', Buffer.alloc(32, 8));

describe('checkpoint body', () => {
  it('is read back', () => {
    expect(parseCheckpoint(log.body())).toEqual({ origin, size: 7, root: log.root });
    expect(parseCheckpoint(formatCheckpointBody({ origin, size: 0, root: log.root }))?.size).toBe(0);
  });

  const root = log.root.toString('base64');
  it.each([
    ['no newline at the end', `${origin}\n7\n${root}`],
    ['an extension line', `${origin}\n7\n${root}\nmore\n`],
    ['a leading zero', `${origin}\n07\n${root}\n`],
    ['a sign', `${origin}\n+7\n${root}\n`],
    ['a size of 2^53', `${origin}\n9007199254740992\n${root}\n`],
    ['carriage returns', `${origin}\r\n7\r\n${root}\r\n`],
    ['a short root', `${origin}\n7\n${root.slice(4)}\n`],
    ['unpadded base64', `${origin}\n7\n${root.slice(0, -1)}\n`],
    ['stray bits in base64', `${origin}\n7\n${root.slice(0, -2)}5=\n`],
    ['no origin', `\n7\n${root}\n`],
    ['a space in the origin', `a b\n7\n${root}\n`],
    ['a plus in the origin', `a+b\n7\n${root}\n`],
    ['nothing', ''],
  ])('is refused with %s', (_, body) => {
    expect(parseCheckpoint(body)).toBeUndefined();
  });

  it.each([
    [{ origin: 'a b', size: 1, root: log.root }, 'name_invalid'],
    [{ origin: '', size: 1, root: log.root }, 'name_invalid'],
    [{ origin: 'x'.repeat(256), size: 1, root: log.root }, 'name_invalid'],
    [{ origin: 'line\nbreak', size: 1, root: log.root }, 'name_invalid'],
    [{ origin, size: -1, root: log.root }, 'size_invalid'],
    [{ origin, size: 1, root: Buffer.alloc(31) }, 'hash_invalid'],
  ])('is not made of %j', (checkpoint, code) => {
    expect(() => formatCheckpointBody(checkpoint)).toThrow(code);
  });
});

describe('verifier keys', () => {
  it.each(['note', 'cosignature'] as const)('of type %s are read back', (type) => {
    const publicKey = Buffer.alloc(32, 3);
    const text = verifierKey('a.example/x', publicKey, type);
    expect(parseVerifierKey(text)).toMatchObject({ name: 'a.example/x', type, publicKey });
  });

  it('tell a witness from a log with the same pair of keys', () => {
    const seed = Buffer.alloc(32, 1);
    expect(makeSigner('n', seed).keyId).not.toBe(makeCosigner('n', seed, () => 0).keyId);
  });

  const key = logSigner.verifierKey;
  it.each([
    key.replace('+a6', '+A6'),
    key.replace('+a6', '+a7'),
    key.replace('audit', 'audi'),
    key.slice(0, -1),
    `${key} `,
    `${key}\n`,
    key.replace('AepK', 'AupK'),
    key.replaceAll('+', '-'),
    '',
    '+'.repeat(200),
  ])('are refused when altered: %j', (text) => {
    expect(parseVerifierKey(text)).toBeUndefined();
  });

  it('are not made from a wrong seed, key or name', () => {
    expect(() => makeSigner('x', Buffer.alloc(31))).toThrow('seed_invalid');
    expect(() => makeSigner('x y', Buffer.alloc(32))).toThrow('name_invalid');
    expect(() => makeSigner('x\u2003y', Buffer.alloc(32))).toThrow('name_invalid');
    expect(() => verifierKey('x', Buffer.alloc(33))).toThrow('key_invalid');
  });
});

describe('signed note', () => {
  it('opens with the key that signed it, past signatures it does not know', () => {
    const both = signNote(log.body(), [other, logSigner]);
    const opened = openNote(both, [logSigner.verifierKey]);
    expect(opened).toMatchObject({ ok: true, body: log.body(), signatures: [{ name: origin }] });
    expect(openNote(both, [witness.verifierKey])).toEqual({ ok: false, code: 'signature_unknown' });
  });

  it('carries a rotated key beside the old one', () => {
    const next = makeSigner(origin, Buffer.alloc(32, 0x17));
    const rotated = signNote(log.body(), [logSigner, next]);
    for (const { verifierKey: pinned } of [logSigner, next])
      expect(openNote(rotated, [pinned]).ok).toBe(true);
  });

  it('takes cosignatures, each with its time, the newest of a witness in place of the older', () => {
    const cosigned = signNote(log.body(), [logSigner, witness]);
    const opened = openNote(cosigned, [logSigner.verifierKey, witness.verifierKey]);
    expect(opened).toMatchObject({ ok: true, signatures: [{ name: origin }, { signedAtSeconds: seconds }] });
    const later = makeCosigner('witness.example/w1', Buffer.alloc(32, 9), () => seconds + 60);
    const line = signNote(log.body(), [later]).slice(log.body().length + 1);
    const renewed = addSignatures(cosigned, [line]);
    expect(renewed.split('\n')).toHaveLength(cosigned.split('\n').length);
    expect(openNote(renewed, [witness.verifierKey])).toMatchObject({
      signatures: [{ signedAtSeconds: seconds + 60 }],
    });
  });

  it('refuses a signature of another body', () => {
    const forged = note.replace('\n7\n', '\n8\n');
    expect(openNote(forged, [logSigner.verifierKey])).toEqual({ ok: false, code: 'signature_wrong' });
  });

  it('refuses a cosignature whose time was altered', () => {
    const cosigned = signNote(log.body(), [witness]);
    const bytes = Buffer.from(cosigned.split(' ')[2] as string, 'base64');
    bytes[11] = (bytes[11] as number) ^ 1;
    const forged = `${log.body()}\n— ${witness.name} ${bytes.toString('base64')}\n`;
    expect(openNote(forged, [witness.verifierKey])).toEqual({ ok: false, code: 'signature_wrong' });
  });

  it.each([
    ['no signature', `${log.body()}\n`],
    ['no empty line', note.replace('\n\n', '\n')],
    ['a hyphen for the dash', note.replace('—', '-')],
    ['two spaces', note.replace('— ', '—  ')],
    ['no newline at the end', note.slice(0, -1)],
    ['an empty line at the end', `${note}\n`],
    ['a carriage return', note.replace('\n\n', '\r\n\n')],
    ['a control character', note.replace('audit', 'audit\u0001')],
    ['a lone surrogate', note.replace('audit', 'audit\ud800')],
    ['more than 64 signatures', note + (note.split('\n\n')[1] as string).repeat(64)],
    ['more than 128 KiB', `${'x'.repeat(131_072)}${note}`],
  ])('is malformed with %s', (_, text) => {
    expect(openNote(text, [logSigner.verifierKey])).toEqual({ ok: false, code: 'note_malformed' });
  });

  it('is not made of a body that is none, or with one key twice', () => {
    expect(() => signNote('no newline', [logSigner])).toThrow('note_invalid');
    expect(() => signNote(log.body(), [])).toThrow('note_invalid');
    expect(() => signNote(log.body(), [logSigner, logSigner])).toThrow('note_invalid');
    expect(() => signNote(`${log.body()}\n— x y\n`, [logSigner])).not.toThrow();
    expect(() => addSignatures(note, ['— not a signature\n'])).toThrow('note_invalid');
    expect(() => openNote(note, ['no key'])).toThrow('key_invalid');
  });
});
