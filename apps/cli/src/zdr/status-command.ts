import { operatorApi } from '../operator/find-lethe.js';
import { report } from '../operator/report.js';
import type { Subcommand } from '../operator/subcommands.js';
import { readArguments } from '../terminal/arguments.js';
import { table } from '../terminal/print.js';
import { usageProblem } from '../terminal/problem.js';
import { saveProof } from './save-proof.js';
import { zdrText } from './zdr-answer.js';
import { findZdrApi } from './zdr-api.js';

const command = 'zdr status';

export const statusHelp = `Show which organizations have Zero Data Retention, or all that is known of one: since when, on which routers, by
which evidence, and its proof.

Usage: lethe zdr status [--url <url>] [--json]
       lethe zdr status <slug> [--proof <file>] [--url <url>] [--json]

  <slug>         The organization; without it all are listed, with the operator's token.
  --proof <file> Keep the proof that ZDR was enabled: verify it with "lethe audit verify --proof".
  --url <url>    Where admin-config listens; else LETHE_ADMIN_URL, else the Lethe that runs on LETHE_HOME. With either
                 of the first two, the token comes from LETHE_ADMIN_TOKEN (for one) or LETHE_OPERATOR_TOKEN (for all).
  --json         Print one JSON object instead of text.`;

const listAll = async (url: string | undefined, json: boolean | undefined): Promise<number> => {
  const organizations = await (await operatorApi(url)).listOrganizations();
  const rows = organizations.map(({ slug, zdr_enabled_at: since }) => [slug, since ?? '-']);
  return report(json, { data: organizations }, table(['SLUG', 'ZDR SINCE'], rows));
};

export const statusCommand: Subcommand = async (args) => {
  const { values, positionals } = readArguments(command, args, {
    options: { url: { type: 'string' }, json: { type: 'boolean' }, proof: { type: 'string' } },
    positionals: [],
    optional: ['slug'],
  });
  const [slug] = positionals;
  if (slug === undefined) {
    if (values.proof !== undefined) throw usageProblem('--proof is of one organization: name it.', command);
    return await listAll(values.url, values.json);
  }
  const answer = await (await findZdrApi(slug, values.url)).ask();
  report(values.json, answer, zdrText(slug, answer));
  await saveProof(slug, answer, values.proof);
  return 0;
};
