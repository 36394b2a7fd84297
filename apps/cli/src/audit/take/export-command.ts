import type { Subcommand } from '../../operator/subcommands.js';
import { readArguments } from '../../terminal/arguments.js';
import { remark } from '../../terminal/print.js';
import { usageProblem } from '../../terminal/problem.js';
import { shellQuote } from '../../terminal/shell-quote.js';
import { findLog, isElsewhere, urlHelp } from '../log/find-log.js';
import { readMoment } from '../tail/moment.js';
import { keyHelp, keyOptions, readPinned } from '../verify/pinned-key.js';
import { Progress } from '../verify/progress.js';
import { printReport } from '../verify/verdict.js';
import { withVerdict } from '../verify/with-verdict.js';
import { answerBytes } from './answer-bytes.js';
import { writeExport } from './export-lines.js';
import { mirrorLog } from './mirror.js';

const command = 'audit export';

export const exportHelp = `Take a copy of the audit log, or of some of its events with their proofs.

Usage: lethe audit export --dir <folder> [options]   the whole log as files: checkpoint, tiles, events
       lethe audit export --out <file> [options]     events as JSON lines, each with its path to a signed checkpoint

--dir copies the log so that a static web server can serve it, verifies it on the way, and is resumable: run again, it
fetches what is new, and the log must still begin with what the copy has.
  --hashes-only    Without the events.

--out writes what GET /v1/audit/export answers: the operator's token takes all events, the token of an admin or auditor
(LETHE_AUDIT_TOKEN) those of the organization. The export is itself an audit event. "-" is standard output.
  --from <time>    Only events from then on: 2026-11-21T19:00:00Z, or how long ago: 30m, 12h, 7d.
  --to <time>      Only events before then.
  --type <type>    Only events of this type.

${urlHelp}
${keyHelp}
  --json           One JSON object instead of text (with --dir).

Exit codes: 0 done, 1 what was read does not hold, 2 the command line is wrong, 3 it could not be read or written.`;

const options = {
  ...keyOptions,
  url: { type: 'string' },
  dir: { type: 'string' },
  out: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  type: { type: 'string' },
  'hashes-only': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

interface Selection {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly type?: string | undefined;
}

const queryOf = ({ from, to, type }: Selection): string => {
  const query = new URLSearchParams();
  if (from !== undefined) query.set('from', readMoment(from, 'from', command));
  if (to !== undefined) query.set('to', readMoment(to, 'to', command));
  if (type !== undefined) query.set('type', type);
  return query.size === 0 ? '' : `?${query}`;
};

const writeLines = async (out: string, url: string | undefined, selection: Selection): Promise<number> => {
  const query = queryOf(selection);
  const events = await writeExport(await answerBytes(`/v1/audit/export${query}`, url), out);
  remark(
    `${events} events.${out === '-' ? '' : ` Verify them: lethe audit verify --export ${shellQuote(out)}`}`,
  );
  return 0;
};

const exportLog: Subcommand = async (args) => {
  const { values } = readArguments(command, args, { options, positionals: [] });
  const { url, dir, out, from, to, type } = values;
  if ((dir === undefined) === (out === undefined))
    throw usageProblem('Either --dir or --out says where the copy goes.', command);
  if (out !== undefined) return await writeLines(out, url, { from, to, type });
  if (dir === undefined || [from, to, type].some((value) => value !== undefined))
    throw usageProblem(
      '--from, --to and --type select events for --out; --dir copies the whole log.',
      command,
    );
  const pinned = await readPinned(values, { command, mayAskHome: !isElsewhere(url) });
  const source = await findLog({ url, command });
  const entries = source.hasEntries && values['hashes-only'] !== true;
  const progress = new Progress('Copying');
  return printReport(await mirrorLog({ source, folder: dir, pinned, entries, progress }), values.json);
};

export const exportCommand = withVerdict(exportLog);
