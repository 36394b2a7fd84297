import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lethe } from '../testing/run-command.contract.js';
import { key, otherSigner, SmallLog, smallLog } from '../testing/small-log.contract.js';

const log = smallLog(20);
const lines = log.exported([3, 7, 19]);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const verify = async (text: string, ...more: string[]) => {
  const file = join(folder, 'events.jsonl');
  await writeFile(file, text);
  return await lethe(['audit', 'verify', '--export', file, '--key', key, ...more]);
};
const whole = (some: readonly string[]): string => `${some.join('\n')}\n`;
const swapped = (at: number, change: (line: string) => string): string =>
  whole(lines.map((line, index) => (index === at ? change(line) : line)));

describe('lethe audit verify --export', () => {
  it('holds, and says that a selection is not shown to be complete', async () => {
    const { code, out } = await verify(whole(lines));
    expect(code).toBe(0);
    expect(out).toContain('All 3 events of this export are in the log');
    expect(out).toContain('That no event was left out of a selection is not shown');
  });

  it('of the whole log is complete', async () => {
    const { code, out } = await verify(whole(log.exported()), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ holds: true, events: 20, whole_log: true, size: 20 });
  });

  it('takes the last line without its newline, and members in another order', async () => {
    expect((await verify(lines.join('\n'))).code).toBe(0);
    const indexFirst = (line: string): string => {
      const [, event, index, path] = /^\{"event":(.*),"index":(\d+),"path":(.*)\}$/.exec(line) ?? [];
      return `{"index": ${index}, "event": ${event}, "path": ${path}}`;
    };
    expect((await verify(swapped(1, indexFirst))).code).toBe(0);
  });

  it.each([
    [
      'one changed letter of an event',
      swapped(2, (line) => line.replace('"type":"admin"', '"type":"bdmin"')),
      /line 3 is not in the log/,
    ],
    [
      'another index',
      swapped(2, (line) => line.replace('"index":7', '"index":8')),
      /line 3 is not in the log/,
    ],
    [
      'a changed path',
      swapped(2, (line) => line.replace(/"path":\["./, '"path":["z')),
      /line 3 is not in the log/,
    ],
    [
      'a path that is cut',
      swapped(2, (line) => line.replace(/,"[^"]{44}"\]\}$/, ']}')),
      /line 3 is not in the log/,
    ],
    [
      'white space in an event',
      swapped(2, (line) => line.replace('"event":{', '"event":{ ')),
      /line 3 is not in the log/,
    ],
    ['an event twice', whole([...lines.slice(0, 3), ...lines.slice(2)]), /not in the order/],
    ['two events swapped', whole([0, 2, 1, 3, 4].map((at) => lines[at] ?? '')), /not in the order/],
    ['an event left out', whole(lines.filter((_, at) => at !== 2)), /says it has 3 events, and has 2/],
    ['its end cut off', whole(lines.slice(0, -1)), /cut off/],
    ['a line cut off', lines.join('\n').slice(0, -100), /not an event with its path/],
    ['something after its end', whole([...lines, lines[1] ?? '']), /more after the line/],
    ['no checkpoint', whole(lines.slice(1)), /carries no checkpoint/],
    ['a line that is no event', swapped(2, () => '{"index":7,"event":{},"path":[]}'), /not an event/],
    ['a line without end', `${lines[0]}\n${'x'.repeat(400_000)}`, /longer than any/],
    ['nothing in it', '', /empty/],
  ])('does not hold with %s', async (_, text, words) => {
    const { code, out } = await verify(text);
    expect(out).toMatch(words);
    expect({ code, verdict: out.slice(0, 16) }).toEqual({ code: 1, verdict: 'IT DOES NOT HOLD' });
  });

  it('does not hold with a checkpoint of somebody else', async () => {
    const other = new SmallLog(log.entries, [otherSigner]);
    const { code, out } = await verify(whole(other.exported([1])));
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringContaining('not signed with the pinned key'),
    });
  });

  it('that is not there is not a verdict', async () => {
    const { code } = await lethe(['audit', 'verify', '--export', join(folder, 'none'), '--key', key]);
    expect(code).toBe(3);
  });
});
