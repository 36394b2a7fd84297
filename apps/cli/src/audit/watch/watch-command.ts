import { setTimeout as pause } from 'node:timers/promises';
import type { Subcommand } from '../../operator/subcommands.js';
import { readArguments } from '../../terminal/arguments.js';
import { print, remark } from '../../terminal/print.js';
import { Problem, usageProblem } from '../../terminal/problem.js';
import { findLog, isElsewhere, urlHelp } from '../log/find-log.js';
import { keyHelp, keyOptions, keyWords, readPinned } from '../verify/pinned-key.js';
import { withVerdict } from '../verify/with-verdict.js';
import { CheckpointKeeper, defaultKeepFolder } from './checkpoint-keeper.js';
import { type Alarm, look, type Sight } from './look.js';

const command = 'audit watch';

export const watchHelp = `Keep the checkpoints of the audit log and raise the alarm when it forks, is rolled back or is not signed any more.
Run it on another machine than Lethe's, and you hold what Lethe's operator cannot change.

Usage: lethe audit watch [--keep <folder>] [options]

  --keep <folder>  Where checkpoints are kept, as files that "lethe audit verify --since-checkpoint <folder>" takes;
                   default: lethe/checkpoints/<log> in XDG_STATE_HOME or ~/.local/state.
  --every <s>      Seconds between two looks, 1 to 86400; default 10.
  --once           Look once and end: for cron.
  --follow         Go on after an alarm. Else the first alarm ends it.
  --json           One JSON object a line.
${urlHelp}
                   Only the checkpoint and hash tiles are read; no token is needed.
${keyHelp}

A note that contradicts a kept one is stored beside it: the two, both signed, are the proof. While the log cannot be
read, the watch waits and says so; a quiet log (Lethe writes an event each hour) is named too.

Exit codes: 0 nothing wrong (with --once), 1 alarm, 2 the command line is wrong, 3 it could not be read (with --once).`;

const options = {
  ...keyOptions,
  url: { type: 'string' },
  keep: { type: 'string' },
  every: { type: 'string' },
  once: { type: 'boolean' },
  follow: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

const waitMaxMs = 60_000;
const quietAfterMs = 2 * 3_600_000;

const readEvery = (text: string | undefined): number => {
  const seconds = text === undefined ? 10 : /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 86_400)
    throw usageProblem('--every is a whole number of seconds from 1 to 86400.', command);
  return seconds * 1_000;
};

const sightWords = (sight: Exclude<Sight, Alarm>): string => {
  if (sight.kind === 'empty') return 'the log has no checkpoint yet';
  if (sight.kind === 'first') return `${sight.size} events; this is the first checkpoint that is kept`;
  if (sight.kind === 'unchanged') return `${sight.size} events, as before`;
  return `${sight.size} events; it begins with the ${sight.from} that were there`;
};

/** Says what was seen; alarms keep what contradicts. */
class Announcer {
  readonly #alarmed = new Set<string>();

  constructor(
    private readonly keeper: CheckpointKeeper,
    private readonly asJson: boolean,
  ) {}

  async say(sight: Sight): Promise<void> {
    const time = new Date().toISOString();
    if (sight.kind !== 'alarm') {
      print(this.asJson ? JSON.stringify({ time, ...sight }) : `${time}  ok     ${sightWords(sight)}`);
      return;
    }
    const { code, words, evidence } = sight;
    const path = evidence === undefined ? undefined : await this.keeper.keepEvidence(evidence);
    // With --follow the same alarm is raised at each look, and told once.
    if (this.#alarmed.has(`${words}${path}`)) return;
    this.#alarmed.add(`${words}${path}`);
    const kept =
      path === undefined ? '' : ` What it showed is kept as ${path}; what it signed before lies beside it.`;
    print(
      this.asJson
        ? JSON.stringify({ time, kind: 'alarm', code, words, evidence: path ?? null })
        : `${time}  ALARM  ${words}${kept}`,
    );
  }
}

interface Watch {
  readonly look: () => Promise<Sight>;
  readonly announcer: Announcer;
  readonly everyMs: number;
  readonly follow: boolean;
}

/** Looks until an alarm ends it. */
const watchOn = async ({ look: lookNow, announcer, everyMs, follow }: Watch): Promise<number> => {
  let waitMs = everyMs;
  let grewAtMs = performance.now();
  for (;;) {
    try {
      const sight = await lookNow();
      if (sight.kind !== 'unchanged') await announcer.say(sight);
      if (sight.kind === 'alarm' && !follow) return 1;
      waitMs = everyMs;
      if (sight.kind !== 'unchanged') grewAtMs = performance.now();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      waitMs = Math.min(waitMs * 2, Math.max(waitMaxMs, everyMs));
      remark(`${error.message} Looking again in ${Math.round(waitMs / 1_000)} s.`);
    }
    if (performance.now() - grewAtMs > quietAfterMs) {
      remark(
        'No new event for two hours, though one is due each hour: this may be an old view kept up for you.',
      );
      grewAtMs = performance.now();
    }
    await pause(waitMs);
  }
};

const watch: Subcommand = async (args) => {
  const { values } = readArguments(command, args, { options, positionals: [] });
  if (values.once === true && values.follow === true)
    throw usageProblem('--once and --follow contradict each other.', command);
  const everyMs = readEvery(values.every);
  const pinned = await readPinned(values, { command, mayAskHome: !isElsewhere(values.url) });
  const source = await findLog({ url: values.url, command });
  const origin = pinned.policy.logVerifierKey.split('+')[0] ?? '';
  const keeper = await CheckpointKeeper.open(values.keep ?? defaultKeepFolder(origin));
  const announcer = new Announcer(keeper, values.json === true);
  const lookNow = () => look({ source, keeper, pinned });
  if (values.once === true) {
    const sight = await lookNow();
    await announcer.say(sight);
    return sight.kind === 'alarm' ? 1 : 0;
  }
  remark(`Watching ${source.name} with the key ${keyWords(pinned)}.`);
  remark(`Checkpoints are kept in ${keeper.folder}. Ctrl-C ends it.`);
  return await watchOn({ look: lookNow, announcer, everyMs, follow: values.follow === true });
};

export const watchCommand = withVerdict(watch);
