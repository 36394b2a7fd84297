import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { runCli } from '../cli.js';
import { repositoryRoot } from '../repository.js';

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const compose = read('docker-compose.yml');
const pages = [
  'README.md',
  'docs/deploy.md',
  'docs/runbooks/backup-and-restore.md',
  'docs/runbooks/key-rotation.md',
].map((path): [string, string] => [path, read(path)]);

/** Services whose container runs the launcher with the words that follow. */
const jobs = ['tools', 'migrate', 'topics', 'buckets'];

/** `lethe …` as a page writes it: on the host, as the image of the tools, or in a container of compose. */
const commands = (text: string): string[] => {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '').join('\n');
  const quoted = [...text.matchAll(/`((?:npx )?lethe [^`]+|docker compose run [^`]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  const lines = [...blocks.replaceAll('\\\n', ' ').split('\n'), ...quoted];
  return lines.flatMap((line) => {
    const found =
      /(?:^|\(|npx )lethe ([a-z][^)#|>]*)/.exec(line)?.[1] ??
      /lethe\/tools:local ([a-z][^#|>]*)/.exec(line)?.[1] ??
      new RegExp(`run --rm .*?\\b(?:${jobs.join('|')}) ([a-z][^#|>]*)`).exec(line)?.[1];
    return found === undefined ? [] : [found.trim()];
  });
};

const helpOf = async (words: readonly string[]): Promise<string> => {
  const said: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0),
  );
  await runCli([...words, '--help']);
  for (const spy of spies) spy.mockRestore();
  return said.join('');
};

/** What of a command line does not exist; undefined: all does. */
const missing = async (line: string): Promise<string | undefined> => {
  const words = line.split(/\s+/);
  const [command = '', second = ''] = words;
  const help = await helpOf([command, ...(/^[a-z-]+$/.test(second) ? [second] : [])]);
  if (!help.includes(`lethe ${command}`)) return command;
  if (/^[a-z][a-z-]+$/.test(second) && !new RegExp(`\\b${second}\\b`).test(help)) return second;
  return words.filter((word) => word.startsWith('--')).find((option) => !help.includes(option));
};

describe('the pages on deployment', () => {
  it.each(pages)('%s names commands that exist, with their options', async (_, text) => {
    for (const line of commands(text))
      expect({ line, missing: await missing(line) }).toEqual({ line, missing: undefined });
  });

  it.each(pages)('%s names services, profiles and settings that exist', (_, text) => {
    const named = [
      ...[
        ...text.matchAll(/docker compose (?:stop|restart|exec -T|exec|run --rm(?: -T)?) ([a-z][a-z0-9 -]*)/g),
      ].flatMap((match) => (match[1] ?? '').split(' ').slice(0, /run|exec/.test(match[0]) ? 1 : undefined)),
    ].filter((word) => word !== '');
    for (const service of named)
      expect({ service, is: compose.includes(`\n  ${service}:\n`) }).toEqual({ service, is: true });
    for (const [, profile] of text.matchAll(/--profile ([a-z-]+)/g))
      expect(compose).toContain(`profiles: [${profile}]`);
    const settings = compose + read('docs/settings.md') + read('apps/cli/src/rotate/rotate-settings.ts');
    for (const [name] of text.matchAll(/\bLETHE_[A-Z0-9_]+\b/g))
      if (!/^LETHE_(?:HOME|PORT_BASE|KEY|AUDIT_KEY|ADMIN_TOKEN|OPERATOR_TOKEN)$/.test(name))
        expect({ name, is: settings.includes(name) }).toEqual({ name, is: true });
  });

  it('are seen, and what does not exist is found', async () => {
    const all = pages.flatMap(([, text]) => commands(text));
    expect(all.length).toBeGreaterThan(20);
    for (const start of ['init ', 'org create', 'doctor', 'rotate root-key', 'zdr repair', 'key rotate'])
      expect(all.some((line) => line.startsWith(start))).toBe(true);
    expect(await missing('docter')).toBe('docter');
    expect(await missing('org crate acme')).toBe('crate');
    expect(await missing('doctor --jason')).toBe('--jason');
  });
});
