import { operatorApi, operatorHelp, operatorOptions } from '../operator/find-lethe.js';
import { report, shownOnce } from '../operator/report.js';
import { type Subcommand, withSubcommands } from '../operator/subcommands.js';
import { readArguments, required } from '../terminal/arguments.js';
import { usageProblem } from '../terminal/problem.js';

const help = `Create, rotate and revoke API keys: what client programs send to the router.

Usage: lethe key create <org> --owner <user id> --name <name> [--logging] [options]
       lethe key rotate <key id> [--overlap-seconds <n>] [options]
       lethe key revoke <key id> [options]

  <org>                  The organization's slug.
  --owner <user id>      Whose key it is; "lethe member add" prints the id.
  --name <name>          To tell keys apart.
  --logging              Let the requests of this key be stored with their content, encrypted. Without it only
                         telemetry is kept. Refused for an organization with ZDR.
  --overlap-seconds <n>  How long the old secret still works after a rotation; default 0: it stops at once.
${operatorHelp}

"create" and "rotate" print the key, which is shown once, and on standard error its id.`;

const create: Subcommand = async (args) => {
  const { values, positionals } = readArguments('key', args, {
    options: {
      ...operatorOptions,
      owner: { type: 'string' },
      name: { type: 'string' },
      logging: { type: 'boolean' },
    },
    positionals: ['org'],
  });
  const [org = ''] = positionals;
  const key = {
    name: required(values.name, 'name', 'key'),
    ownerUserId: required(values.owner, 'owner', 'key'),
    logging: values.logging ?? false,
  };
  const made = await (await operatorApi(values.url)).createKey(org, key);
  return report(values.json, made, made.api_key, `Key ${made.api_key_id}. ${shownOnce('key')}`);
};

const readSeconds = (text: string | undefined): number => {
  if (text === undefined) return 0;
  if (!/^\d{1,7}$/.test(text)) throw usageProblem('--overlap-seconds is a whole number of seconds.', 'key');
  return Number(text);
};

const rotate: Subcommand = async (args) => {
  const { values, positionals } = readArguments('key', args, {
    options: { ...operatorOptions, 'overlap-seconds': { type: 'string' } },
    positionals: ['key id'],
  });
  const [keyId = ''] = positionals;
  const overlapSeconds = readSeconds(values['overlap-seconds']);
  const made = await (await operatorApi(values.url)).rotateKey(keyId, overlapSeconds);
  return report(values.json, made, made.api_key, `Key ${made.api_key_id}. ${shownOnce('key')}`);
};

const revoke: Subcommand = async (args) => {
  const { values, positionals } = readArguments('key', args, {
    options: operatorOptions,
    positionals: ['key id'],
  });
  const [keyId = ''] = positionals;
  await (await operatorApi(values.url)).revokeKey(keyId);
  return report(values.json, { api_key_id: keyId, revoked: true }, 'revoked');
};

export const keyCommand = withSubcommands('key', help, { create, rotate, revoke });
