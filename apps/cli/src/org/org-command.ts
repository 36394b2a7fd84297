import { operatorApi, operatorHelp, operatorOptions } from '../operator/find-lethe.js';
import { report } from '../operator/report.js';
import { type Subcommand, withSubcommands } from '../operator/subcommands.js';
import { readArguments } from '../terminal/arguments.js';
import { table } from '../terminal/print.js';

const help = `Create and list organizations. A new one logs nothing until its admins allow it.

Usage: lethe org create <slug> [--name <name>] [options]
       lethe org list [options]

  <slug>         Lower-case letters, digits and dashes, at most 63 characters; it cannot be changed later.
  --name <name>  What people read; default: the slug.
${operatorHelp}

Then: lethe member add <slug> --name "Ada" --role admin`;

const create: Subcommand = async (args) => {
  const { values, positionals } = readArguments('org', args, {
    options: { ...operatorOptions, name: { type: 'string' } },
    positionals: ['slug'],
  });
  const [slug = ''] = positionals;
  const api = await operatorApi(values.url);
  const made = await api.createOrganization(slug, values.name ?? slug);
  return report(values.json, made, `${made.slug}  ${made.org_id}`);
};

const list: Subcommand = async (args) => {
  const { values } = readArguments('org', args, { options: operatorOptions, positionals: [] });
  const organizations = await (await operatorApi(values.url)).listOrganizations();
  const rows = organizations.map(({ slug, id, name, zdr_enabled_at }) => [
    slug,
    id,
    zdr_enabled_at ?? '-',
    name,
  ]);
  return report(values.json, { data: organizations }, table(['SLUG', 'ID', 'ZDR SINCE', 'NAME'], rows));
};

export const orgCommand = withSubcommands('org', help, { create, list });
