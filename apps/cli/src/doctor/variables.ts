import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { appSettings } from '../serve/settings/apps.js';
import { counted, type Examined, type Finding, notLookedAt } from './findings.js';

const shapes: readonly Readonly<Record<string, z.ZodType>>[] = Object.values(appSettings).map(
  ({ schema }) => schema.shape,
);

/** Of a variable that is a setting of a service; settings that name files are the containers' own. */
const malformed = (name: string, text: string): string | undefined => {
  const schema = name.endsWith('_FILE') ? undefined : shapes.find((shape) => name in shape)?.[name];
  return schema?.safeParse(text).error?.issues[0]?.message;
};

/** The names that docker-compose.yml takes from outside, and those it cannot do without. */
const namesOf = (
  compose: string,
): { readonly all: ReadonlySet<string>; readonly needed: readonly string[] } => {
  const found = [...compose.matchAll(/\$\{([A-Z][A-Z0-9_]*)(:\?)?/g)];
  const needed = found.filter((match) => match[2] !== undefined).map((match) => match[1] ?? '');
  return { all: new Set(found.map((match) => match[1] ?? '')), needed: [...new Set(needed)] };
};

/** The file of variables that docker compose reads: whole, well formed, and with nothing that nobody reads. */
export const examineVariables = async (environmentFile: string): Promise<Examined> => {
  const part = 'variables';
  const compose = await readFile(join(dirname(environmentFile), 'docker-compose.yml'), 'utf8').catch(
    () => undefined,
  );
  const text = await readFile(environmentFile, 'utf8').catch(() => undefined);
  if (compose === undefined || text === undefined)
    return notLookedAt(
      part,
      `There is no ${text === undefined ? environmentFile : 'docker-compose.yml beside it'} here: name the file of variables with --env.`,
    );
  const given = parseEnv(text);
  const { all, needed } = namesOf(compose);
  const finding = (item: Finding['item'], name: string, words: string): Finding => ({
    item,
    where: `${name} in ${environmentFile}`,
    words,
  });
  const missing = needed
    .filter((name) => !given[name])
    .map((name) => finding('setting_missing', name, 'is not set'));
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    if (!name.startsWith('LETHE_')) return [];
    if (!all.has(name)) return [finding('setting_unknown', name, 'is read by nothing')];
    const words = value === undefined || value === '' ? undefined : malformed(name, value);
    return words === undefined ? [] : [finding('setting_malformed', name, words)];
  });
  return {
    part,
    looked: counted(Object.keys(given).length, 'variable', 'variables'),
    findings: [...missing, ...wrong],
    unseen: [],
  };
};
