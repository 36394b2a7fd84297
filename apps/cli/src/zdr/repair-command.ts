import { z } from 'zod';
import { createApiClient } from '../operator/api-client.js';
import { findLethe, operatorHelp, operatorOptions } from '../operator/find-lethe.js';
import { report } from '../operator/report.js';
import type { Subcommand } from '../operator/subcommands.js';
import { readArguments } from '../terminal/arguments.js';

export const repairHelp = `Mend a configuration database that forgot that an organization has Zero Data Retention, as one does that was restored
from an older backup. Until then no router captures anything; requests are served and billed all the same.

Usage: lethe zdr repair [options]

${operatorHelp}

Takes what the anchors outside of the database and the routers' memory know, enables ZDR again where the database lacks
it, and lets routers capture again where that is allowed. It is an audit event. Where nothing is wrong it changes
nothing. What to look at before: docs/runbooks/zdr-repair.md.`;

const repairTimeoutMs = 60_000;

const repaired = z.looseObject({
  organizations: z.array(z.string()),
  guards: z.array(z.string()),
  version: z.number(),
});

/** What stopped the grants, in words. A reason of a later version is told by its name. */
const guardWords: Readonly<Record<string, string>> = {
  anchors_ahead: 'the anchors knew an organization with ZDR that the database had forgotten',
  database_behind: 'the database was behind what a replica of admin-config had seen',
  router_ahead: 'a router knew a later version than the database',
  router_remembers: 'a router remembered ZDR that the database had forgotten',
  zdr_forgotten: 'a replica of admin-config remembered ZDR that the database had forgotten',
};

/** What was mended, for people. */
export const repairText = ({ organizations, guards, version }: z.infer<typeof repaired>): string => {
  if (organizations.length === 0 && guards.length === 0) return 'Nothing was wrong, and nothing was changed.';
  return [
    ...guards.map((guard) => `Taken away: ${Object.hasOwn(guardWords, guard) ? guardWords[guard] : guard}.`),
    ...organizations.map((id) => `Zero Data Retention is on again for organization ${id}.`),
    `Policy version ${version}. Routers are granted leases again.`,
  ].join('\n');
};

export const repairCommand: Subcommand = async (args) => {
  const { values } = readArguments('zdr repair', args, { options: operatorOptions, positionals: [] });
  const lethe = await findLethe('adminConfig', values.url);
  const client = createApiClient(lethe.url, lethe.token, repairTimeoutMs);
  const answer = await client.call('POST', '/v1/operator/zdr/repair', repaired);
  return report(values.json, answer, repairText(answer));
};
