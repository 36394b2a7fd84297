import { withSubcommands } from '../operator/subcommands.js';
import { tailCommand, tailHelp } from './tail/tail-command.js';
import { exportCommand, exportHelp } from './take/export-command.js';
import { proofCommand, proofHelp } from './take/proof-command.js';
import { verifyCommand, verifyHelp } from './verify/verify-command.js';
import { watchCommand, watchHelp } from './watch/watch-command.js';

const help = `Read the audit log, and check it without trusting who runs it.

Usage: lethe audit tail     follow the events as they are written
       lethe audit verify   check the whole log, a copy, an export or one proof
       lethe audit watch    keep checkpoints; raise the alarm when the log forks or is rolled back
       lethe audit export   take a copy of the log, or of some events with their proofs
       lethe audit proof    take the proof of one event

"lethe audit <one of these> --help" tells the rest.

What is checked: each event is a leaf of a hash tree (RFC 6962) whose root Lethe signs in a checkpoint. Whoever has the
log's verifier key can check that an event is in the tree, and whoever keeps a checkpoint can check later that nothing
before it was changed. Keep the key (auditVerifierKey in run.json), checkpoints and proofs away from Lethe's machine.`;

export const auditCommand = withSubcommands(
  'audit',
  help,
  {
    tail: tailCommand,
    verify: verifyCommand,
    watch: watchCommand,
    export: exportCommand,
    proof: proofCommand,
  },
  { tail: tailHelp, verify: verifyHelp, watch: watchHelp, export: exportHelp, proof: proofHelp },
);
