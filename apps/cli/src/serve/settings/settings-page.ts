import type { z } from 'zod';
import { settingFacts } from './fields.js';

/** One table of the page: who reads the settings, and their schema. */
export interface PageSection {
  readonly title: string;
  readonly intro: string;
  readonly schema: z.ZodObject;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

const presenceOf = (field: z.ZodType): string => {
  const facts = settingFacts.get(field);
  const parsed = field.safeParse(undefined);
  if (!parsed.success) return '**required**';
  if (facts?.fallback !== undefined) return facts.fallback;
  return parsed.data === undefined ? '' : `\`${String(parsed.data)}\``;
};

const rowOf = ([name, field]: [string, z.ZodType]): string => {
  const facts = settingFacts.get(field);
  if (facts === undefined) throw new Error(`${name} is not explained`);
  const cells = [`\`${name}\``, facts.form, presenceOf(field), facts.secret ? 'yes' : '', facts.what];
  return `| ${cells.map(cell).join(' | ')} |`;
};

/** The settings of one reader as a table. Throws for a setting that nobody has explained. */
export const settingsTable = (schema: z.ZodObject): string =>
  [
    '| Setting | Form | Default | Secret | What it means |',
    '|---|---|---|---|---|',
    ...Object.entries(schema.shape as Record<string, z.ZodType>).map(rowOf),
  ].join('\n');

const head = `# Settings of a deployment

Made from the schemas in \`apps/cli/src/serve/settings\` by \`npm run generate -w @lethe/cli\`; a test holds this page against them.

Every service is started by \`lethe serve <service>\`, which reads these variables, and the files that those ending in \`_FILE\` name. An
empty variable is an unset one. Whatever is missing, malformed or contradictory is said at once, by name and never with a value, and then
nothing is started; \`lethe serve <service> --check\` does only that. No secret stands in a variable: a secret is a file, and "Secret" says
of which value or file others must not see anything.

Files are looked at every 10 s, and at once on SIGHUP. New certificates of the service itself (\`LETHE_TLS_*\`, \`LETHE_PUBLIC_TLS_*\`) are
taken up without a restart when they fit together; any other change is named in the log and taken up at the next start.`;

export const settingsPage = (sections: readonly PageSection[]): string =>
  `${[head, ...sections.map(({ title, intro, schema }) => `## ${title}\n\n${intro}\n\n${settingsTable(schema)}`)].join('\n\n')}\n`;
