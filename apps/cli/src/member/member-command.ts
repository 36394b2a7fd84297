import { operatorApi, operatorHelp, operatorOptions } from '../operator/find-lethe.js';
import { memberRoles } from '../operator/operator-api.js';
import { report } from '../operator/report.js';
import { type Subcommand, withSubcommands } from '../operator/subcommands.js';
import { readArguments, required } from '../terminal/arguments.js';
import { usageProblem } from '../terminal/problem.js';

const help = `Add people to an organization.

Usage: lethe member add <org> --name <name> --role <role> [options]

  <org>          The organization's slug.
  --name <name>  What people read.
  --role <role>  admin    changes everything of the organization, and alone can enable ZDR
                 member   manages their own API keys
                 auditor  reads audit and telemetry, changes nothing
${operatorHelp}

Prints the user's id. Then: lethe token create <org> --user <id>`;

const add: Subcommand = async (args) => {
  const { values, positionals } = readArguments('member', args, {
    options: { ...operatorOptions, name: { type: 'string' }, role: { type: 'string' } },
    positionals: ['org'],
  });
  const [org = ''] = positionals;
  const name = required(values.name, 'name', 'member');
  const wished = required(values.role, 'role', 'member');
  const role = memberRoles.find((known) => known === wished);
  if (role === undefined) throw usageProblem(`--role is one of: ${memberRoles.join(', ')}.`, 'member');
  const made = await (await operatorApi(values.url)).addMember(org, name, role);
  return report(values.json, made, made.user_id);
};

export const memberCommand = withSubcommands('member', help, { add });
