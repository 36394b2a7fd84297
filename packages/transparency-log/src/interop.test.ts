import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildGoProgram, type Litewitness, startLitewitness } from '@lethe/test-servers';
import {
  addSignatures,
  consistencyProof,
  formatAddCheckpoint,
  makeCosigner,
  readWitnessAnswer,
  verifyCheckpoint,
  type WitnessVerdict,
} from './index.js';
import { type GoVerdict, runGoVerifier } from './testing/go-verifier.js';
import { decimalEntries, logSigner, origin, TestLog } from './testing/test-log.js';

jest.setTimeout(600_000);

const program = await buildGoProgram({
  module: 'packages/transparency-log/interop/verify',
  name: 'go-verifier',
  required: true,
});
// Skipped only where Go cannot be had, which buildGoProgram says loudly and refuses in CI.
const withGo = typeof program === 'string' ? describe : describe.skip;
const key = ['-key', logSigner.verifierKey];

withGo('golang.org/x/mod verifies what the writer wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-tlog-'));
  const large = new TestLog();
  const heads: string[] = [];
  const verify = (name: string, ...args: string[]): GoVerdict =>
    runGoVerifier(String(program), join(folder, name), [...key, ...args]);
  beforeAll(() => {
    for (const size of [1, 7, 256, 257, 700]) TestLog.decimal(size).writeTo(join(folder, String(size)));
    const growing = new TestLog();
    for (let size = 0; size <= 600; size += 1) {
      heads.push(`${size} ${growing.root.toString('base64')}`);
      growing.append(decimalEntries(size, size + 1));
    }
    large.append(decimalEntries(0, 70_000));
    large.writeTo(join(folder, '70000'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([1, 7, 256, 257, 700])('%d entries: every one, each with a proof', (size) => {
    const { exitCode, line } = verify(String(size), '-prove', '-1');
    expect(line).toContain(`"ok":true,"size":${size},`);
    expect(line).toContain(`"entries":${size},"proofs":${size},"growth":50,`);
    expect(exitCode).toBe(0);
  });

  it('70,000 entries: every one, 500 proofs, 50 pairs of sizes', () => {
    const { exitCode, line } = verify('70000', '-prove', '500');
    expect(line).toContain('"entries":70000,"proofs":500,"growth":50,');
    expect(exitCode).toBe(0);
  });

  it('the tree heads of every size from 0 to 600', () => {
    const file = join(folder, 'heads');
    writeFileSync(file, `${heads.join('\n')}\n`);
    expect(verify('700', '-heads', file)).toMatchObject({
      exitCode: 0,
      line: expect.stringContaining('"kept_heads":601'),
    });
    writeFileSync(file, `${heads.join('\n').replace('\n300 ', '\n301 ')}\n`);
    expect(verify('700', '-heads', file)).toMatchObject({
      exitCode: 1,
      line: expect.stringContaining('"code":"fork","index":301'),
    });
  });

  it('that the log grew from a checkpoint kept before, and that another did not', () => {
    const kept = join(folder, 'kept');
    writeFileSync(kept, TestLog.decimal(300).note());
    expect(verify('700', '-kept', kept)).toMatchObject({
      exitCode: 0,
      line: expect.stringContaining('"kept_size":300'),
    });
    const fork = new TestLog();
    fork.append(decimalEntries(1, 301));
    writeFileSync(kept, fork.note());
    expect(verify('700', '-kept', kept).line).toContain('"code":"fork","index":300');
    writeFileSync(kept, large.note());
    expect(verify('700', '-kept', kept).line).toContain('"code":"shrank"');
  });

  it('cosignatures', () => {
    const witness = makeCosigner('witness.example/w1', Buffer.alloc(32, 9), () => 1_795_287_600);
    const log = TestLog.decimal(7);
    log.writeTo(join(folder, 'cosigned'), log.note(witness));
    const args = ['-witness', witness.verifierKey];
    expect(verify('cosigned', ...args).line).toContain('"ok":true,"size":7,');
    expect(verify('cosigned', ...args).line).toContain('"cosigned":1');
    expect(verify('7', ...args)).toMatchObject({
      exitCode: 1,
      line: expect.stringContaining('"code":"quorum_missed"'),
    });
  });

  it.each([
    ['tile/0/000', '"tile_refused"'],
    ['tile/0/001.p/1', '"tile_refused"'],
    ['tile/1/000.p/1', '"tile_refused"'],
    ['tile/entries/000', '"entry_differs"'],
    ['checkpoint', '"checkpoint_refused"'],
  ])('not a log with one byte of %s altered', (path, code) => {
    const file = join(folder, '257', path);
    const bytes = readFileSync(file);
    const altered = Buffer.from(bytes);
    const at = bytes.length - 1;
    altered[at] = (altered[at] as number) ^ 1;
    writeFileSync(file, altered);
    expect(verify('257')).toMatchObject({ exitCode: 1, line: expect.stringContaining(`"code":${code}`) });
    writeFileSync(file, bytes);
    expect(verify('257').exitCode).toBe(0);
  });

  it('not with another key', () => {
    const other = makeCosigner(origin, Buffer.alloc(32, 8), () => 0).verifierKey;
    const { exitCode } = runGoVerifier(String(program), join(folder, '7'), ['-key', other]);
    expect(exitCode).toBe(1);
  });
});

describe('a Go program that cannot be had', () => {
  const nowhere = {
    module: 'packages/transparency-log/interop/verify',
    target: './nowhere',
    name: 'nothing',
  };
  const { CI } = process.env;
  afterAll(() => {
    if (CI === undefined) delete process.env.CI;
    else process.env.CI = CI;
  });

  it('is an error in CI when it is required, and said loudly otherwise', async () => {
    process.env.CI = 'true';
    await expect(buildGoProgram({ ...nowhere, required: true })).rejects.toThrow('required in CI');
    expect(await buildGoProgram({ ...nowhere, required: false })).toHaveProperty('unavailable');
  });
});

const witnessed = await startLitewitness({ origin, verifierKey: logSigner.verifierKey });
// Skipped only where the module proxy does not give litewitness, which startLitewitness says loudly.
const withWitness = 'unavailable' in witnessed ? describe.skip : describe;

withWitness('litewitness cosigns what the writer wrote', () => {
  const witness = witnessed as Litewitness;
  const log = TestLog.decimal(5);
  const old = { size: 0, note: '' };
  afterAll(() => witness.stop());

  const ask = async (oldSize: number, proof: Buffer[], checkpoint: string): Promise<WitnessVerdict> => {
    const body = formatAddCheckpoint({ oldSize, proof, checkpoint });
    const response = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
    return readWitnessAnswer({
      status: response.status,
      contentType: response.headers.get('content-type') ?? undefined,
      body: await response.text(),
      checkpoint,
      oldSize,
      witnessKeys: [witness.verifierKey],
    });
  };

  it('from its first checkpoint to later ones, and the verifier counts it', async () => {
    for (const size of [5, 6, 700]) {
      log.append(decimalEntries(log.size, size));
      const note = log.note();
      const verdict = await ask(old.size, consistencyProof(old.size, size, log.nodes), note);
      expect(verdict).toMatchObject({ kind: 'cosigned' });
      const cosigned = addSignatures(note, verdict.kind === 'cosigned' ? verdict.lines : []);
      const policy = { logVerifierKey: logSigner.verifierKey, witnesses: [witness.verifierKey] };
      expect(verifyCheckpoint(cosigned, policy)).toMatchObject({ ok: true, size, cosignedBy: [{}] });
      old.size = size;
    }
  });

  it('and tells the size it knows when asked from another', async () => {
    const note = log.note();
    expect(await ask(5, consistencyProof(5, 700, log.nodes), note)).toEqual({ kind: 'conflict', size: 700 });
  });

  it('but neither a fork nor another log nor a note of another key', async () => {
    const fork = TestLog.decimal(699);
    fork.append([Buffer.from('another'), Buffer.from('and more')]);
    expect(await ask(700, consistencyProof(700, 701, fork.nodes), fork.note())).toEqual({
      kind: 'refused',
      code: 'proof_refused',
    });
    const elsewhere = log.note().replaceAll(origin, 'elsewhere.example');
    expect(await ask(700, [], elsewhere)).toEqual({ kind: 'refused', code: 'origin_unknown' });
    const forged = log.note().replace('\n700\n', '\n701\n');
    expect(await ask(700, [], forged)).toEqual({ kind: 'refused', code: 'signature_refused' });
  });
});
