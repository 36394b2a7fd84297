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
  guard: z.string().nullish(),
  organizations: z.array(z.looseObject({ org_id: z.string(), slug: z.string().nullish() })).default([]),
});

export const repairCommand: Subcommand = async (args) => {
  const { values } = readArguments('zdr repair', args, { options: operatorOptions, positionals: [] });
  const lethe = await findLethe('adminConfig', values.url);
  const client = createApiClient(lethe.url, lethe.token, repairTimeoutMs);
  const answer = await client.call('POST', '/v1/operator/zdr/repair', repaired);
  return report(values.json, answer, JSON.stringify(answer));
};
