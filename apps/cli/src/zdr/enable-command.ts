import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../operator/report.js';
import type { Subcommand } from '../operator/subcommands.js';
import { readArguments } from '../terminal/arguments.js';
import { confirmed } from '../terminal/ask.js';
import { remark } from '../terminal/print.js';
import { Problem, usageProblem } from '../terminal/problem.js';
import { shellQuote } from '../terminal/shell-quote.js';
import { saveProof } from './save-proof.js';
import { missing, type ZdrAnswer, zdrText } from './zdr-answer.js';
import { findZdrApi, type ZdrApi } from './zdr-api.js';

const command = 'zdr enable';
const askEveryMs = 500;
const tellEveryMs = 5_000;
const waitSecondsMax = 86_400;
const waitSecondsDefault = 120;

export const enableHelp = `Enable Zero Data Retention for an organization, for ever. From then on nothing of what its programs say or are answered
is kept; telemetry and billing go on. Nothing turns it off: there is no such call.

Usage: lethe zdr enable <slug> [--confirm <slug>] [--shred-history] [--proof <file>] [--wait <seconds>]
                        [--url <url>] [--json]

  <slug>             The organization. Asks for it to be typed once more.
  --confirm <slug>   Do not ask; must be the same slug.
  --shred-history    Destroy the keys of what was stored before, too: nobody can read it from then on. Without it, what
                     was stored before stays readable for those who may read it.
  --proof <file>     Keep the proof of it: verify it with "lethe audit verify --proof".
  --wait <seconds>   How long to wait until it is effective on every router; default ${waitSecondsDefault}, 0 does not wait.
  --url <url>        Where admin-config listens; else LETHE_ADMIN_URL, else the Lethe that runs on LETHE_HOME.
  --json             Print one JSON object instead of text.

Takes the management token of one of the organization's admins: LETHE_ADMIN_TOKEN, else run.json's for its own demo.
An organization under a duty to keep records must keep them by other means before: see docs/zdr.md.

Exit code: 0 effective, 1 not enabled, 2 the command line is wrong, 3 committed and irrevocable, but not yet effective
(or the proof could not be kept); ask again with "lethe zdr status".`;

const readSeconds = (text: string | undefined): number => {
  if (text === undefined) return waitSecondsDefault;
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= waitSecondsMax) return seconds;
  throw usageProblem(`--wait is a whole number of seconds, at most ${waitSecondsMax}.`, command);
};

const askForSlug = async (slug: string, shredHistory: boolean): Promise<void> => {
  if (!process.stdin.isTTY)
    throw new Problem(
      'This asks before it goes on, and nobody can answer here.',
      `Add --confirm ${shellQuote(slug)}.`,
    );
  remark(
    `From now on nothing of what ${slug} sends or is answered will be kept. Nothing ever turns that off again.`,
  );
  remark(
    shredHistory
      ? 'What was stored before becomes unreadable for everybody.'
      : 'What was stored before stays readable for those who may read it (--shred-history destroys its keys).',
  );
  if (!(await confirmed(`Type "${slug}" to go on: `, slug))) throw new Problem('Nothing was changed.');
};

/** Asks until it is effective or the time is over. A question that fails is asked again. */
const untilEffective = async (api: ZdrApi, first: ZdrAnswer, waitMs: number): Promise<ZdrAnswer> => {
  const startedAtMs = performance.now();
  let answer = first;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  while (answer.state !== 'effective') {
    const nowMs = performance.now();
    if (nowMs - startedAtMs >= waitMs) return answer;
    if (nowMs - toldAtMs >= tellEveryMs) {
      remark(`Committed, and irrevocable from here. Waiting for ${missing(answer)} …`);
      toldAtMs = nowMs;
    }
    await pause(askEveryMs);
    answer = await api.ask().catch(() => answer);
  }
  return answer;
};

export const enableCommand: Subcommand = async (args) => {
  const { values, positionals } = readArguments(command, args, {
    options: {
      url: { type: 'string' },
      json: { type: 'boolean' },
      proof: { type: 'string' },
      confirm: { type: 'string' },
      wait: { type: 'string' },
      'shred-history': { type: 'boolean' },
    },
    positionals: ['slug'],
  });
  const [slug = ''] = positionals;
  const waitMs = readSeconds(values.wait) * 1000;
  const shredHistory = values['shred-history'] ?? false;
  if (values.confirm !== undefined && values.confirm !== slug)
    throw usageProblem('--confirm is not the slug: nothing was changed.', command);
  const api = await findZdrApi(slug, values.url);
  if (values.confirm === undefined) await askForSlug(slug, shredHistory);
  remark('Enabling: a router that does not answer is waited for until its lease has run out …');
  const first = await api.enable({ confirm: slug, shred_history: shredHistory });
  const answer = await untilEffective(api, first, waitMs);
  report(values.json, answer, zdrText(slug, answer));
  await saveProof(slug, answer, values.proof);
  return answer.state === 'effective' ? 0 : 3;
};
