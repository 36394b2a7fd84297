import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { asSuperuser } from '@lethe/leak-prover';
import { type Lethe, launcher, repositoryRoot, startLethe } from '../start-lethe.js';
import { superuserOf } from '../support/superuser.js';

jest.setTimeout(240_000);
const timeoutMs = 180_000;

interface Block {
  readonly language: 'sh' | 'sql';
  readonly text: string;
  /** What it is to print; … stands for anything. */
  readonly prints: string;
}

const page = readFileSync(join(repositoryRoot, 'docs', 'zdr.md'), 'utf8');
const section = page.split(/^## /m).find((part) => part.startsWith('Check it yourself\n')) ?? '';
const blocks: readonly Block[] = [
  ...section.matchAll(/```(sh|sql)\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g),
].map(([, language, text = '', prints = '']) => ({ language: language as Block['language'], text, prints }));
const shellBlocks = blocks.filter(({ language }) => language === 'sh');

const tidy = (text: string): string => text.replace(/[ \t]+$/gm, '').trim();

/** Whether something printed is what the page says. */
const isAsSaid = (printed: string, said: string): boolean => {
  const [first = '', ...rest] = tidy(said).split('…');
  const last = rest.pop();
  const text = tidy(printed);
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
};

let lethe: Lethe;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-zdr-page-'));
  lethe = await startLethe();
});
afterAll(async () => {
  await lethe?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const mark = (number: number): string => `=== block ${number} ===`;

/** Runs the blocks one after the other in one shell, as whoever follows the page; what each printed, and all remarks. */
const runInOneShell = async (): Promise<{
  readonly printed: readonly string[];
  readonly remarks: string;
}> => {
  const script = [
    `npx() { shift; '${process.execPath}' '${launcher}' "$@"; }`,
    ...shellBlocks.flatMap(({ text }, number) => [
      `echo '${mark(number)}'`,
      `echo '${mark(number)}' >&2`,
      text,
    ]),
  ].join('\n');
  const child = spawn('sh', ['-c', script], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, LETHE_HOME: lethe.home },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  // It leads a group of its own, so that a loop without end takes nothing of it along.
  const tooLong = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), timeoutMs);
  await once(child, 'close');
  clearTimeout(tooLong);
  const printed = shellBlocks.map((_, number) => {
    const [, after = ''] = said.out.split(`${mark(number)}\n`);
    return after.split(mark(number + 1))[0] ?? '';
  });
  return { printed, remarks: said.err };
};

describe('the checks that docs/zdr.md hands to others', () => {
  it('are there', () => {
    expect(shellBlocks.length).toBeGreaterThan(7);
    expect(blocks.length).toBe([...section.matchAll(/```(?:sh|sql)\n/g)].length);
  });

  it('print what the page says, one after the other', async () => {
    const { printed, remarks } = await runInOneShell();
    const different = shellBlocks.flatMap(({ text, prints }, number) => {
      const own = printed[number] ?? '';
      return isAsSaid(own, prints) ? [] : [{ text, prints, printed: own }];
    });
    expect({ different, remarks: different.length > 0 ? remarks : '' }).toEqual({
      different: [],
      remarks: '',
    });
  });

  it('are refused by the database as the page says', async () => {
    for (const { text, prints } of blocks.filter(({ language }) => language === 'sql')) {
      const refusal = await asSuperuser(superuserOf(lethe.home), 'config', (sql) =>
        sql
          .begin((tx) => tx.unsafe(text))
          .then(
            () => 'done',
            (error: { code?: string; message?: string }) => `${error.code} ${error.message}`,
          ),
      );
      expect(refusal).toBe(prints.trim());
    }
  });

  it('would show: what differs is noticed', () => {
    expect(isAsSaid('a b c', 'a … c')).toBe(true);
    expect(isAsSaid('a b d', 'a … c')).toBe(false);
    expect(isAsSaid('ac', 'a…c…c')).toBe(false);
    expect(isAsSaid('xa', 'a…')).toBe(false);
    expect(isAsSaid('telemetry\nnull', 'telemetry\nnull')).toBe(true);
    expect(isAsSaid('payload\nnull', 'telemetry\nnull')).toBe(false);
  });
});
