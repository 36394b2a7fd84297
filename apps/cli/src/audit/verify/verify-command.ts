import type { Subcommand } from '../../operator/subcommands.js';
import { readArguments } from '../../terminal/arguments.js';
import { usageProblem } from '../../terminal/problem.js';
import { findLog, isElsewhere, urlHelp } from '../log/find-log.js';
import { readInput } from '../log/read-input.js';
import { verifyExportFile } from './export-file.js';
import { readKeptHeads } from './kept-checkpoints.js';
import { keyHelp, keyOptions, type Pinned, readPinned } from './pinned-key.js';
import { Progress } from './progress.js';
import { proofBytesMax, verifyProofFile } from './proof-file.js';
import { printReport, type Report } from './verdict.js';
import { failureReport } from './verdict-facts.js';
import { verifyWholeLog } from './whole-log.js';
import { withVerdict } from './with-verdict.js';

const command = 'audit verify';

export const verifyHelp = `Verify the audit log, a copy of it, an export or a single proof, against a key that you pinned.

Usage: lethe audit verify [--url <url>] [options]     the whole log, read over HTTP
       lethe audit verify --dir <folder> [options]    the whole log, from a copy ("lethe audit export --dir")
       lethe audit verify --export <file> [options]   an export (JSON lines)
       lethe audit verify --proof <file> [options]    one proof (.tlog-proof); needs no network and no Lethe

${urlHelp}
                   Without that token, or with --hashes-only, the hashes are verified and the events are not read.
${keyHelp}
  --since-checkpoint <file>
                   A checkpoint that you kept, or a folder of them ("lethe audit watch"): the log must still begin with
                   what it signed then. May be given several times. Only this shows that the log was not replaced.
  --hashes-only    Do not read the events.
  --json           One JSON object instead of text.

A file "-" is standard input. The verdict is printed on standard output, progress on standard error.

Exit codes: 0 it holds, 1 it does not hold, 2 the command line is wrong, 3 it could not be read.`;

const options = {
  ...keyOptions,
  url: { type: 'string' },
  dir: { type: 'string' },
  proof: { type: 'string' },
  export: { type: 'string' },
  'since-checkpoint': { type: 'string', multiple: true },
  'hashes-only': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

interface LogValues {
  readonly url?: string | undefined;
  readonly dir?: string | undefined;
  readonly 'since-checkpoint'?: readonly string[] | undefined;
  readonly 'hashes-only'?: boolean | undefined;
}

const verifyLog = async (values: LogValues, pinned: Pinned): Promise<Report> => {
  const source = await findLog({ url: values.url, dir: values.dir, command });
  const kept = await readKeptHeads(values['since-checkpoint'] ?? [], pinned.policy, 'since-checkpoint');
  if (!kept.ok)
    return failureReport('A checkpoint that was kept is not good.', kept.failure, pinned, { mode: 'log' });
  return await verifyWholeLog({
    source,
    pinned,
    entries: source.hasEntries && values['hashes-only'] !== true,
    earlier: kept.heads,
    progress: new Progress('Verifying'),
  });
};

const verify: Subcommand = async (args) => {
  const { values } = readArguments(command, args, { options, positionals: [] });
  const { url, dir, proof, export: exported } = values;
  if ([url, dir, proof, exported].filter((value) => value !== undefined).length > 1)
    throw usageProblem('Only one of --url, --dir, --export and --proof can be verified at a time.', command);
  const isFile = (proof ?? exported) !== undefined;
  if (isFile && (values['since-checkpoint'] !== undefined || values['hashes-only'] === true))
    throw usageProblem('--since-checkpoint and --hashes-only are for a whole log.', command);
  const mayAskHome = isFile || dir !== undefined || !isElsewhere(url);
  const pinned = await readPinned(values, { command, mayAskHome });
  if (proof !== undefined)
    return printReport(verifyProofFile(await readInput(proof, proofBytesMax, 'proof'), pinned), values.json);
  if (exported !== undefined)
    return printReport(await verifyExportFile(exported, pinned, new Progress('Verifying')), values.json);
  return printReport(await verifyLog(values, pinned), values.json);
};

export const verifyCommand = withVerdict(verify);
