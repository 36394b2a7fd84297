import { operatorApi, operatorHelp, operatorOptions } from '../operator/find-lethe.js';
import { report, shownOnce } from '../operator/report.js';
import { type Subcommand, withSubcommands } from '../operator/subcommands.js';
import { readArguments, required } from '../terminal/arguments.js';

const help = `Create and revoke management tokens: what people sign in with, and what scripts send to the management API.

Usage: lethe token create <org> --user <id> [--name <name>] [options]
       lethe token revoke <token id> [options]

  <org>          The organization's slug.
  --user <id>    Whose token it is; "lethe member add" prints the id.
  --name <name>  To tell tokens apart; default: cli.
${operatorHelp}

"create" prints the token, which is shown once, and on standard error its id. A revoked token stops at once.`;

const create: Subcommand = async (args) => {
  const { values, positionals } = readArguments('token', args, {
    options: { ...operatorOptions, user: { type: 'string' }, name: { type: 'string' } },
    positionals: ['org'],
  });
  const [org = ''] = positionals;
  const user = required(values.user, 'user', 'token');
  const made = await (await operatorApi(values.url)).createToken(org, user, values.name ?? 'cli');
  return report(values.json, made, made.token, `Token ${made.token_id}. ${shownOnce('token')}`);
};

const revoke: Subcommand = async (args) => {
  const { values, positionals } = readArguments('token', args, {
    options: operatorOptions,
    positionals: ['token id'],
  });
  const [tokenId = ''] = positionals;
  await (await operatorApi(values.url)).revokeToken(tokenId);
  return report(values.json, { token_id: tokenId, revoked: true }, 'revoked');
};

export const tokenCommand = withSubcommands('token', help, { create, revoke });
