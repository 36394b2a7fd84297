import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countOf } from '../statistics/histogram.js';
import { type AnswerFiles, writeAnswers } from '../traffic/answers.js';
import { compileNative, type NativePrograms } from './compile.js';
import { LoadGenerator, type Traffic } from './load.js';
import type { LoadResult } from './load-codec.js';
import { type MockMode, type MockProvider, startMock } from './mock.js';
import { onPath } from './run-tool.js';

const missing = ['cc', 'taskset', 'setpriv'].filter((tool) => !onPath(tool));
if (missing.length > 0)
  process.stderr.write(
    `\n*** NO ${missing.join(', ')} ON THIS MACHINE: the load generator is not tested ***\n\n`,
  );
const withTools = missing.length > 0 ? describe.skip : describe;

withTools('the load generator against the mock provider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-test-'));
  let native: NativePrograms;
  let answers: AnswerFiles;
  let mock: MockProvider;
  beforeAll(async () => {
    native = await compileNative(folder);
    answers = writeAnswers(folder);
    mock = await startMock(native.mock, answers, 0);
  });
  afterAll(async () => {
    await mock.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (
    mode: MockMode,
    traffic: Partial<Traffic> = {},
    expected: { json: string; stream: string } = answers,
  ): Promise<LoadResult> =>
    new LoadGenerator({ program: native.load, folder, core: 0, expected }).run(
      {
        asking: { port: mock.portOf[mode], path: '/v1/chat/completions', model: 'm', headers: {} },
        pids: [process.pid],
      },
      { bodyBytes: 1024, stream: mode !== 'json', connections: 4, ...traffic },
      { warmSeconds: 0.05, seconds: 0.3 },
    );

  it.each(['json', 'burst', 'paced5'] as const)(
    'gets the very bytes of a %s answer each time',
    async (mode) => {
      const { total, unanswered, latency_ns, first_byte_ns } = await run(mode);
      expect(total.completed).toBeGreaterThan(0);
      expect(total).toEqual({
        completed: total.right,
        right: total.right,
        mismatched: 0,
        refused: 0,
        failed: 0,
        other: 0,
      });
      expect(unanswered).toBe(0);
      expect(countOf(first_byte_ns)).toBeGreaterThanOrEqual(countOf(latency_ns));
    },
  );

  it('sends a large body whole', async () => {
    const { total } = await run('json', { bodyBytes: 1024 * 1024, connections: 2 });
    expect(total.right).toBeGreaterThan(0);
    expect(total.completed).toBe(total.right);
  });

  it('does not exceed a rate', async () => {
    const { total } = await run('json', { rate: 100 });
    expect(total.completed).toBeGreaterThan(0);
    expect(total.completed).toBeLessThanOrEqual(36);
  });

  it('notices one byte that is not the expected one', async () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, 'x');
    const { total } = await run('json', {}, { json: other, stream: other });
    expect(total.right).toBe(0);
    expect(total.mismatched).toBe(total.completed);
  });

  it('does not pace when asked to hurry', async () => {
    const { total } = await run('paced20', { hurry: true });
    expect(total.right).toBeGreaterThan(4);
  });
});
