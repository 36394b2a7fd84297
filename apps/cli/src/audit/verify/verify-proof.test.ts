import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatProof } from '@lethe/transparency-log';
import { lethe } from '../testing/run-command.contract.js';
import {
  key,
  orgId,
  otherSigner,
  SmallLog,
  signer,
  smallLog,
  userId,
  witnessOne,
  witnessTwo,
} from '../testing/small-log.contract.js';

const log = smallLog(301, [signer, witnessOne]);
const proof = log.proof(200);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-proof-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Verifies a text as a proof file; nothing but the file, the key and the CLI is there. */
const verify = async (text: string | Buffer, ...more: string[]) => {
  const file = join(folder, 'p.tlog-proof');
  await writeFile(file, text);
  return await lethe(['audit', 'verify', '--proof', file, ...(more.length > 0 ? more : ['--key', key])]);
};

describe('lethe audit verify --proof', () => {
  it('holds, and tells the event in words', async () => {
    const { code, out, err } = await verify(proof);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^IT HOLDS\. This event is in the log/);
    expect(out).toContain(
      `an admin (user ${userId}) enabled Zero Data Retention, which no call takes back, for organization ${orgId}`,
    );
    expect(out).toContain('default_logging: true → false');
    expect(out).toContain('keys_forced_off: 2');
    expect(out).toContain('301 events when it was signed');
    expect(out).toContain('given with --key');
  });

  it('tells scripts the same', async () => {
    const { code, out } = await verify(proof, '--key', key, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      holds: true,
      index: 200,
      size: 301,
      origin: 'log.test/audit',
      event: { type: 'ai.lethe.audit.zdr.enabled.v1', partitionkey: orgId },
    });
  });

  const otherEvent = log.entries[201] as Buffer;
  const parts = (extra: Buffer, checkpoint: string, index = 200): string => {
    const path = proof.split('\n\n')[0]?.split('\n').slice(3) ?? [];
    return formatProof({ extra, index, path: path.map((hash) => Buffer.from(hash, 'base64')), checkpoint });
  };
  it.each([
    ['another event', parts(otherEvent, log.note()), /lead to another root/],
    ['another place', parts(log.entries[200] as Buffer, log.note(), 201), /lead to another root/],
    ['a place outside', parts(log.entries[200] as Buffer, log.note(), 999), /outside the log/],
    [
      'a checkpoint of somebody else',
      new SmallLog(log.entries, [otherSigner]).proof(200),
      /not signed with the pinned key/,
    ],
    ['a checkpoint of another root', parts(log.entries[200] as Buffer, smallLog(301).note()), /another root/],
    ['a changed signed line', proof.replace('\n301\n', '\n302\n'), /signature of the checkpoint is wrong/],
    ['no event', proof.replace(/extra .*\n/, ''), /does not carry its event/],
    ['half of it', proof.slice(0, proof.length / 3), /not a proof|not a signed note/],
    ['nothing', '', /not a proof/],
    ['other bytes', Buffer.from([0xff, 0xfe, 0x00]), /bytes that no such text has/],
  ])('does not hold with %s', async (_, text, words) => {
    const { code, out } = await verify(text);
    expect(code).toBe(1);
    expect(out).toMatch(/^IT DOES NOT HOLD\. The proof is not good\./);
    expect(out).toMatch(words);
  });

  it('does not hold when any single character is changed', async () => {
    const lines = proof.length;
    for (let at = 3; at < lines; at += Math.ceil(lines / 40)) {
      const changed = proof.slice(0, at) + (proof[at] === 'A' ? 'B' : 'A') + proof.slice(at + 1);
      // The witness's line is only asked for with --witness.
      if (at > proof.indexOf('witness.test')) continue;
      expect({ at, code: (await verify(changed)).code }).toEqual({ at, code: 1 });
    }
  });

  it('that carries no audit event does not pass for one', async () => {
    const { code, out } = await verify(new SmallLog([Buffer.from('{"hello":1}')]).proof(0));
    expect(code).toBe(1);
    expect(out).toContain('no audit event');
  });

  it('shows nothing of an event that could move the cursor', async () => {
    const event = JSON.parse((log.entries[1] as Buffer).toString()) as { subject: string };
    const entry = Buffer.from(JSON.stringify({ ...event, subject: 'organization/\u001b[2J\u009b31m' }));
    const { code, out } = await verify(new SmallLog([entry]).proof(0));
    expect(code).toBe(0);
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('witnesses', () => {
  const one = witnessOne.verifierKey;
  const two = witnessTwo.verifierKey;

  it('that have cosigned are named with their time', async () => {
    const { code, out } = await verify(proof, '--key', key, '--witness', one);
    expect(code).toBe(0);
    expect(out).toContain('witness.test/one at 2027-01-15');
  });

  it('are all needed unless --quorum says fewer', async () => {
    const asked = ['--key', key, '--witness', one, '--witness', two];
    const all = await verify(proof, ...asked);
    expect({ code: all.code, out: all.out }).toEqual({ code: 1, out: expect.stringContaining('Too few') });
    expect((await verify(proof, ...asked, '--quorum', '1')).code).toBe(0);
  });

  it('that cosigned something else do not count', async () => {
    const at = proof.lastIndexOf('=', proof.length - 3) - 20;
    const changed = proof.slice(0, at) + (proof[at] === 'A' ? 'B' : 'A') + proof.slice(at + 1);
    const { code, out } = await verify(changed, '--key', key, '--witness', one);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('signature') });
  });
});

describe('a command line that cannot be meant', () => {
  it.each([
    [['--key', key, '--quorum', '1']],
    [['--key', key, '--quorum', 'x']],
    [['--key', 'nonsense']],
    [['--key', witnessOne.verifierKey]],
    [['--key', key, '--witness', key]],
    [['--key', key, '--witness', witnessOne.verifierKey, '--witness', witnessOne.verifierKey]],
    [['--key', key, '--dir', 'x']],
    [['--key', key, '--hashes-only']],
    [['--key', key, '--nonsense']],
    [['--json']],
  ])('%j is refused', async (more) => {
    const { code, out, err } = await verify(proof, ...more);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('lethe audit verify --help');
  });

  it('and a file that is not there is not a verdict', async () => {
    const { code, out } = await lethe(['audit', 'verify', '--proof', join(folder, 'none'), '--key', key]);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    const long = await verify('x'.repeat(300_000));
    expect(long.code).toBe(3);
    expect((await lethe(['audit', 'verify', '--proof', folder, '--key', key])).code).toBe(3);
  });
});

describe('the key', () => {
  it('may come from LETHE_AUDIT_KEY, or from the Lethe of this home, which says that this proves less', async () => {
    const file = join(folder, 'kept.tlog-proof');
    await writeFile(file, proof);
    const pinned = await lethe(['audit', 'verify', '--proof', file], { LETHE_AUDIT_KEY: key });
    expect(pinned).toMatchObject({ code: 0, out: expect.stringContaining('given in LETHE_AUDIT_KEY') });
    const run = {
      adminConfig: 'http://127.0.0.1:1',
      audit: 'http://127.0.0.1:1',
      operatorToken: 'lethe_ops_x',
    };
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...run, auditVerifierKey: key }));
    const ofHome = await lethe(['audit', 'verify', '--proof', file], { LETHE_HOME: folder });
    expect(ofHome).toMatchObject({ code: 0, out: expect.stringContaining('pinned from elsewhere') });
  });
});
