import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, CallRefused, createApiClient } from '../../operator/api-client.js';
import { findLethe, operatorOptions } from '../../operator/find-lethe.js';
import type { Subcommand } from '../../operator/subcommands.js';
import { readArguments } from '../../terminal/arguments.js';
import { print, remark } from '../../terminal/print.js';
import { Problem, usageProblem } from '../../terminal/problem.js';
import { eventBlock, eventLine } from '../event/event-words.js';
import { type EventQuestion, eventsAfter, type PlacedEvent, pageSize } from './events-after.js';
import { findOrganizationId } from './find-organization.js';
import { readMoment } from './moment.js';

const command = 'audit tail';

export const tailHelp = `Follow the audit events as they are written, until Ctrl-C.

Usage: lethe audit tail [options]

  --org <slug|id>  Only events of this organization.
  --type <type>    Only events of this type, for example zdr.enabled or apikey.created.
  --since <time>   Begin there: 2026-11-21T19:00:00Z, or how long ago: 30m, 12h, 7d.
  --last <n>       Begin with the last n events (0 to 200); default 20. With --since it bounds them; else 10000 do.
  --follow         Go on with what is written from now on; the default.
  --once           Print what is there and end.
  --pretty         Some lines for each event, in words, with what was before and after.
  --json           One JSON object a line: the index and the event as it was appended.
  --url <url>      Where audit listens; else LETHE_AUDIT_URL, else the Lethe that runs on LETHE_HOME. With either of the
                   first two, the token comes from LETHE_AUDIT_TOKEN (a management token of an admin or auditor, who
                   sees the own organization) or LETHE_OPERATOR_TOKEN.

While audit does not answer, tail waits and says so, and goes on where it was.

Exit codes: 0 done, 1 failed, 2 the command line is wrong.`;

const options = {
  ...operatorOptions,
  org: { type: 'string' },
  type: { type: 'string' },
  since: { type: 'string' },
  last: { type: 'string' },
  follow: { type: 'boolean' },
  once: { type: 'boolean' },
  pretty: { type: 'boolean' },
} as const;

const pollEveryMs = 1_000;
const waitMaxMs = 30_000;
const sinceMost = 10_000;

const readLast = (text: string | undefined, since: string | undefined): number => {
  if (text === undefined) return since === undefined ? 20 : sinceMost;
  if (!/^\d{1,3}$/.test(text) || Number(text) > pageSize)
    throw usageProblem(`--last is a whole number from 0 to ${pageSize}.`, command);
  return Number(text);
};

type Show = (placed: PlacedEvent) => void;

const showAs = ({ json, pretty }: { json?: boolean | undefined; pretty?: boolean | undefined }): Show => {
  if (json === true) return (placed) => print(JSON.stringify(placed));
  const words = pretty === true ? eventBlock : eventLine;
  return ({ index, event }) => print(words(index, event));
};

/** Shows what comes, for ever. Audit being away is waited out; a refusal ends it. */
const follow = async (client: ApiClient, question: EventQuestion, show: Show): Promise<never> => {
  let after = question.after;
  let waitMs = pollEveryMs;
  for (;;) {
    await pause(waitMs);
    try {
      const asked = { ...question, after, most: sinceMost };
      const { events, newest, isCut } = await eventsAfter(client, asked);
      if (isCut)
        remark(`More came meanwhile than are asked for at once: the newest ${events.length} follow.`);
      events.forEach(show);
      after = newest;
      waitMs = pollEveryMs;
    } catch (error) {
      const isRefused = error instanceof CallRefused && error.status < 500 && error.status !== 429;
      if (!(error instanceof Problem) || isRefused) throw error;
      waitMs = Math.min(waitMs * 2, waitMaxMs);
      remark(`${error.message} Asking again in ${waitMs / 1_000} s.`);
    }
  }
};

export const tailCommand: Subcommand = async (args) => {
  const { values } = readArguments(command, args, { options, positionals: [] });
  if (values.once === true && values.follow === true)
    throw usageProblem('--once and --follow contradict each other.', command);
  if (values.json === true && values.pretty === true)
    throw usageProblem('--json and --pretty contradict each other.', command);
  const last = readLast(values.last, values.since);
  const since = values.since === undefined ? undefined : readMoment(values.since, 'since', command);
  const orgId = values.org === undefined ? undefined : await findOrganizationId(values.org);
  const lethe = await findLethe('audit', values.url);
  const client = createApiClient(lethe.url, lethe.token);
  const show = showAs(values);
  // At least one is read, so that what was there before is not taken for new.
  const question: EventQuestion = { type: values.type, orgId, since, after: -1, most: Math.max(last, 1) };
  const { events, newest, isCut } = await eventsAfter(client, question);
  if (since !== undefined && isCut && values.last === undefined)
    remark(`There are more events since then: these are the newest ${events.length}.`);
  for (const placed of events.slice(events.length - Math.min(last, events.length))) show(placed);
  if (values.once === true) return 0;
  return await follow(client, { ...question, since: undefined, after: newest }, show);
};
