import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { auditEventTypes } from '@lethe/contracts';
import { repositoryRoot } from '../repository.js';
import { lethe } from './testing/run-command.contract.js';

const runbooks = join(repositoryRoot, 'docs', 'runbooks');
const read = (...path: string[]): string => readFileSync(join(repositoryRoot, ...path), 'utf8');
const siem = read('docs', 'runbooks', 'audit-siem.md');

/** The code blocks of a language, in order. */
const blocks = (document: string, language: string): string[] =>
  [...document.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, code = '']) => code);

/** Runs the page's mapping, as it stands there, over events. */
const mapped = (events: readonly object[]): { event: Record<string, unknown> }[] => {
  const program = `${blocks(siem, 'js')[0]}\nprocess.stdout.write(JSON.stringify(${JSON.stringify(events)}.map(toEcs)))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as { event: Record<string, unknown> }[];
};

const eventOf = (type: string, statusId: number, severityId: number): object => ({
  id: 'an-id',
  type: `ai.lethe.audit.${type}.v1`,
  time: '2026-11-21T19:00:00.123Z',
  subject: 'organization/o',
  partitionkey: 'o',
  data: { status_id: statusId, severity_id: severityId, actor: { user: { uid: 'u', type: 'admin' } } },
});

describe('the mapping of the SIEM page', () => {
  const types = Object.entries(auditEventTypes);
  const outcomes = types.flatMap(([type, row]) => [
    ...(row.outcome === 'refused' ? [] : [{ type, status: 1, ecs: row.ecs }]),
    ...(row.outcome === 'success' ? [] : [{ type, status: 2, ecs: [row.ecs[0], 'denied'] }]),
  ]);

  it('gives every type the category and type that the schema names', () => {
    const documents = mapped(outcomes.map(({ type, status }) => eventOf(type, status, 1)));
    expect(documents.map(({ event }) => [event.action, event.category, event.type, event.outcome])).toEqual(
      outcomes.map(({ type, status, ecs }) => [
        type,
        [ecs[0]],
        [ecs[1]],
        status === 1 ? 'success' : 'failure',
      ]),
    );
  });

  it('tells alarms from events', () => {
    const documents = mapped([eventOf('tripwire.raised', 2, 4), eventOf('zdr.enabled', 1, 3)]);
    expect(documents.map(({ event }) => event.kind)).toEqual(['alert', 'event']);
  });

  it('has a consumer beside it that is a program', () => {
    const [, consumer = ''] = blocks(siem, 'js');
    expect(consumer).toContain('lethe.audit.events.v1');
    const status = (code: string): number | null =>
      spawnSync(process.execPath, ['--input-type=module', '--check', '-'], { input: code }).status;
    expect(status(consumer)).toBe(0);
    expect(status(consumer.replace('=>', '='))).not.toBe(0);
  });
});

/** `lethe audit …` and `lethe zdr …` command lines of a text, without what follows a pipe, a redirection or a remark. */
const commandLines = (text: string): string[] =>
  [...text.matchAll(/(?:npx )?lethe ((?:audit|zdr) [a-z]+(?: [^\n`|>#]*)?)/g)].map(([, line = '']) =>
    line.trim(),
  );

const unknownOptions = async (line: string): Promise<string[]> => {
  const [command = '', subcommand = ''] = line.split(' ');
  const { out } = await lethe([command, subcommand, '--help']);
  if (!out.includes(`Usage: lethe ${command} ${subcommand}`)) return [subcommand];
  return (line.match(/--[a-z-]+/g) ?? []).filter((option) => !out.includes(option));
};

describe('the commands that documents name', () => {
  const documents = [
    ['README.md', read('README.md')],
    ['docs/architecture.md', read('docs', 'architecture.md')],
    ['docs/zdr.md', read('docs', 'zdr.md')],
    ...readdirSync(runbooks).map((name) => [name, read('docs', 'runbooks', name)]),
  ] as [string, string][];

  it.each(documents)('in %s exist, with their options', async (_, text) => {
    for (const line of commandLines(text))
      expect({ line, unknown: await unknownOptions(line) }).toEqual({ line, unknown: [] });
  });

  it('are seen: there are some, and one that does not exist is found', async () => {
    expect(documents.flatMap(([, text]) => commandLines(text)).length).toBeGreaterThan(10);
    expect(await unknownOptions('audit verify --nonsense')).toEqual(['--nonsense']);
    expect(await unknownOptions('audit guess')).toEqual(['guess']);
    expect(await unknownOptions('zdr disable')).toEqual(['disable']);
  });
});
