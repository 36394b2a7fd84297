import { withSubcommands } from '../operator/subcommands.js';
import { enableCommand, enableHelp } from './enable-command.js';
import { repairCommand, repairHelp } from './repair-command.js';
import { statusCommand, statusHelp } from './status-command.js';

const help = `Zero Data Retention of organizations: nothing of what was said is kept, and no call, flag or column takes that back.

Usage: lethe zdr status    which organizations have it, or all about one of them, with its proof
       lethe zdr enable    enable it for an organization, for ever
       lethe zdr repair    mend a configuration database that forgot about it

"lethe zdr <one of these> --help" tells the rest.

"enable" comes back when it is effective: every router has acknowledged it or lost its lease, and accounting can open
nothing more of the organization. What is promised and how to check each claim: docs/zdr.md.`;

export const zdrCommand = withSubcommands(
  'zdr',
  help,
  { status: statusCommand, enable: enableCommand, repair: repairCommand },
  { status: statusHelp, enable: enableHelp, repair: repairHelp },
);
