import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSigner } from '@lethe/transparency-log';
import { type Lethe, launcher, startLethe } from '../../start-lethe.js';
import { inParallel, printFigures } from '../../support/figures.js';
import { getJson, http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';
import { leafHash, Roots, rootByPath } from '../checker/merkle.js';
import { type PinnedLog, pinnedLogOf, readCheckpoint, readProof } from '../checker/note.js';
import { fetchCheckpoint, fetchEntries } from '../checker/read-log.js';
import { unavailable } from '../world/debian-tools.js';
import { buildGoVerifier } from '../world/go-verifier.js';
import { type Ran, runProgram } from '../world/run-program.js';
import { makeOrganization, manage, type TestOrganization } from './management.js';
import { publishedCheckpoints } from './published-checkpoints.js';

const EVENTS = 300;
const WORD = `canary${randomBytes(6).toString('hex')}`;

interface ZdrAnswer {
  readonly state: string;
  readonly audit: { readonly event_id: string; readonly proof: string };
}

const go = await buildGoVerifier();

describe('the audit log of a running Lethe', () => {
  let lethe: Lethe;
  let org: TestOrganization;
  let log: PinnedLog;
  let key: string;
  let size = 0;
  let folder: string;
  const figures: Record<string, unknown> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lethe-verifier-'));
    lethe = await startLethe();
    key = lethe.run.auditVerifierKey ?? '';
    log = pinnedLogOf(key);
    org = await makeOrganization(lethe.run, 'verified', WORD);
    const changes = Array.from({ length: EVENTS }, (_, n) => n);
    await inParallel(changes, 4, (n) =>
      manage(lethe.run, org.adminToken, [
        'POST',
        `/v1/manage/apikey/${org.apiKeyId}/label`,
        { labels: { [WORD]: `${WORD} ${n}` } },
      ]),
    );
    size = await waitFor(async () => {
      const head = readCheckpoint(await fetchCheckpoint(lethe.run.audit), log);
      return head !== undefined && head.size > EVENTS && head.size;
    }, 60_000);
  }, 180_000);
  afterAll(async () => {
    await lethe?.stop();
    await rm(folder, { recursive: true, force: true });
    printFigures('audit of a running Lethe', figures);
  });

  const goVerify = (...args: string[]) =>
    (go as NonNullable<typeof go>).verify(['--url', lethe.run.audit, ...args], {
      LETHE_OPERATOR_TOKEN: lethe.run.operatorToken,
    });

  (go === undefined ? it.skip : it)(
    'holds for the code of the Go checksum database',
    async () => {
      const heads = join(folder, 'heads');
      const published = (await publishedCheckpoints(lethe.home)).map((note) => readCheckpoint(note, log));
      expect(published).not.toContain(undefined);
      const lines = published.map((head) => `${head?.size} ${head?.root.toString('base64')}`);
      await writeFile(heads, `${lines.join('\n')}\n`);
      const { code, verdict, err } = await goVerify(
        '--key',
        key,
        '--prove',
        '-1',
        '--growth',
        '200',
        '--heads',
        heads,
      );
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(verdict).toMatchObject({ ok: true, growth: 200, kept_heads: lines.length });
      expect(verdict.size).toBeGreaterThanOrEqual(size);
      expect(verdict.proofs).toBe(verdict.size);
      expect(verdict.entries).toBe(verdict.size);
      figures['events verified in Go'] = verdict.entries;
      figures['checkpoints published'] = lines.length;

      // Controls: another key, and a tree that never was.
      const otherKey = key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
      expect((await goVerify('--key', otherKey)).code).not.toBe(0);
      await writeFile(heads, `${size - 1} ${Buffer.alloc(32, 1).toString('base64')}\n`);
      expect((await goVerify('--key', key, '--heads', heads)).verdict).toMatchObject({
        ok: false,
        code: 'fork',
      });
    },
    120_000,
  );

  it('holds for a checker of our own, and every proof that is handed out', async () => {
    const { audit, operatorToken } = lethe.run;
    const head = readCheckpoint(await fetchCheckpoint(audit), log);
    const entries = await fetchEntries(audit, operatorToken, head?.size ?? 0);
    expect(new Roots(entries.map(leafHash)).root(entries.length)).toEqual(head?.root);
    const sample = entries.filter((_, index) => index % 7 === 0);
    for (const entry of sample) {
      const { id } = JSON.parse(entry.toString()) as { id: string };
      const { status, body } = await http(`${audit}/v1/audit/events/${id}/proof`, {
        headers: { authorization: `Bearer ${operatorToken}` },
      });
      const proof = readProof(body.toString());
      const at = proof && readCheckpoint(proof.checkpoint, log);
      expect({ status, same: proof?.event.equals(entry) }).toEqual({ status: 200, same: true });
      const place = { leaf: leafHash(entry), index: proof?.index ?? -1, size: at?.size ?? 0 };
      expect(rootByPath(place, proof?.path ?? [])).toEqual(at?.root);
    }
  });

  it('holds no word of what callers wrote', async () => {
    const head = readCheckpoint(await fetchCheckpoint(lethe.run.audit), log);
    const entries = await fetchEntries(lethe.run.audit, lethe.run.operatorToken, head?.size ?? 0);
    expect(entries.filter((entry) => entry.includes(WORD))).toEqual([]);
    // The controls: the words were taken, and the events of them are there.
    const { data } = await getJson<{ data: { name: string }[] }>(
      `${lethe.run.adminConfig}/v1/manage/apikey`,
      org.adminToken,
    );
    expect(data.some(({ name }) => name.includes(WORD))).toBe(true);
    expect(entries.filter((entry) => entry.includes(org.apiKeyId)).length).toBeGreaterThan(EVENTS);
  });

  describe('POST /v1/manage/org/zdr', () => {
    let enabled: ZdrAnswer;
    /** The CLI where there is no home, no variable and, for root, no network. */
    const verifyAlone = async (proof: string, verifierKey: string): Promise<Ran> => {
      const file = join(folder, 'zdr.tlog-proof');
      await writeFile(file, proof);
      const cli = [process.execPath, launcher, 'audit', 'verify', '--proof', file, '--key', verifierKey];
      const away = existsSync('/usr/bin/unshare') && process.getuid?.() === 0 ? ['unshare', '-n'] : [];
      if (away.length === 0) unavailable('network to be taken away', 'unshare needs root', false);
      return runProgram('env', ['-i', '-C', folder, `PATH=${process.env.PATH}`, ...away, ...cli]);
    };

    beforeAll(async () => {
      enabled = await manage(lethe.run, org.adminToken, [
        'POST',
        '/v1/manage/org/zdr',
        { confirm: org.slug },
      ]);
    }, 30_000);

    it('answers with a proof that holds on a machine that has nothing else', async () => {
      const { proof, event_id: eventId } = enabled.audit;
      const read = readProof(proof);
      const event = JSON.parse(read?.event.toString() ?? '') as { id: string; type: string; subject: string };
      expect(event).toMatchObject({
        id: eventId,
        type: 'ai.lethe.audit.zdr.enabled.v1',
        subject: `organization/${org.orgId}`,
      });
      const { code, out } = await verifyAlone(proof, key);
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('IT HOLDS') });
      expect(out).toContain(org.orgId);
      expect(out).toMatch(/zero data retention/i);
      const again = await getJson<ZdrAnswer>(`${lethe.run.adminConfig}/v1/manage/org/zdr`, org.adminToken);
      expect(again.audit.event_id).toBe(eventId);
      expect((await verifyAlone(again.audit.proof, key)).code).toBe(0);
    }, 30_000);

    const changedLine = (start: string, change: (line: string) => string) => (proof: string) =>
      proof
        .split('\n')
        .map((line) => (line.startsWith(start) ? change(line) : line))
        .join('\n');
    const otherEvent = (line: string): string => {
      const event = Buffer.from(line.slice('extra '.length), 'base64').toString();
      return `extra ${Buffer.from(event.replace('"zdr":true', '"zdr":false')).toString('base64')}`;
    };
    const spoilt: Readonly<Record<string, (proof: string) => string>> = {
      'another event in it': changedLine('extra ', otherEvent),
      'another index': changedLine('index ', (line) => `index ${Number(line.slice('index '.length)) - 1}`),
      'a hash of its path changed': (proof) =>
        proof.replace(
          /\n([A-Za-z0-9+/]{43}=)\n/,
          (_, hash: string) => `\n${hash.slice(0, 20)}${hash[20] === 'A' ? 'B' : 'A'}${hash.slice(21)}\n`,
        ),
      'a hash of its path gone': (proof) => proof.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\n'),
      'another size': (proof) =>
        proof.replace(
          new RegExp(`${log.origin}\\n(\\d+)`),
          (_, n: string) => `${log.origin}\n${Number(n) + 1}`,
        ),
      'no signature': (proof) => proof.replace(/\n— .*\n$/, '\n'),
      'its end cut off': (proof) => proof.slice(0, -20),
    };
    it.each(Object.keys(spoilt))('a proof with %s is refused', async (name) => {
      const proof = spoilt[name]?.(enabled.audit.proof) ?? '';
      expect(proof).not.toBe(enabled.audit.proof);
      const { code, out } = await verifyAlone(proof, key);
      expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('IT DOES NOT HOLD') });
    });

    it('a proof of another log is refused', async () => {
      const other = makeSigner(log.origin, randomBytes(32)).verifierKey;
      expect((await verifyAlone(enabled.audit.proof, other)).code).toBe(1);
    });
  });
});
