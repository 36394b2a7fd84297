import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiClient, createApiClient } from '../operator/api-client.js';
import { findLethe, operatorOptions } from '../operator/find-lethe.js';
import { type Subcommand, withSubcommands } from '../operator/subcommands.js';
import { readArguments } from '../terminal/arguments.js';
import { print } from '../terminal/print.js';
import { usageProblem } from '../terminal/problem.js';

const help = `Follow the audit events as they are written, until Ctrl-C.

Usage: lethe audit tail [options]

  --type <type>  Only events of this type, for example zdr.enabled or apikey.created.
  --last <n>     Begin with the last n events (0 to 200); default 20.
  --once         Print those and end.
  --url <url>    Where audit listens; else LETHE_AUDIT_URL, else the Lethe that runs on LETHE_HOME. With either of the
                 first two, the token comes from LETHE_OPERATOR_TOKEN.
  --json         One JSON object a line: the index and the event as it was appended.`;

const pollEveryMs = 1_000;
const pageSize = 200;

const placedSchema = z.object({
  index: z.number(),
  event: z.looseObject({
    type: z.string(),
    time: z.string(),
    subject: z.string(),
    data: z.looseObject({
      status_id: z.number(),
      actor: z.object({ user: z.object({ uid: z.string(), type: z.string() }) }),
    }),
  }),
});
const pageSchema = z.object({ data: z.array(placedSchema), next_cursor: z.string().nullable() });
type Placed = z.infer<typeof placedSchema>;

const line = ({ index, event }: Placed): string => {
  const { actor, status_id } = event.data;
  const type = event.type.replace(/^ai\.lethe\.audit\.(.+)\.v1$/, '$1');
  const outcome = status_id === 1 ? '' : '  refused';
  return `${String(index).padStart(6)}  ${event.time}  ${type.padEnd(24)}  ${actor.user.type} ${actor.user.uid}  ${event.subject}${outcome}`;
};

/** Events after an index, oldest first; the newest `most` of them. The list itself is newest first. */
const eventsAfter = async (
  client: ApiClient,
  { type, after, most }: { type: string | undefined; after: number; most: number },
): Promise<Placed[]> => {
  const found: Placed[] = [];
  let cursor: string | null = null;
  while (found.length < most) {
    const query = new URLSearchParams({ limit: String(Math.min(most - found.length, pageSize)) });
    if (type !== undefined) query.set('type', type);
    if (cursor !== null) query.set('cursor', cursor);
    const page: z.infer<typeof pageSchema> = await client.call(
      'GET',
      `/v1/audit/events?${query}`,
      pageSchema,
    );
    const fresh = page.data.filter(({ index }) => index > after);
    found.push(...fresh);
    cursor = page.next_cursor;
    if (cursor === null || fresh.length < page.data.length) break;
  }
  return found.reverse();
};

const readLast = (text: string | undefined): number => {
  if (text === undefined) return 20;
  if (!/^\d{1,3}$/.test(text) || Number(text) > pageSize)
    throw usageProblem(`--last is a whole number from 0 to ${pageSize}.`, 'audit');
  return Number(text);
};

const tail: Subcommand = async (args) => {
  const { values } = readArguments('audit', args, {
    options: {
      ...operatorOptions,
      type: { type: 'string' },
      last: { type: 'string' },
      once: { type: 'boolean' },
    },
    positionals: [],
  });
  const last = readLast(values.last);
  const lethe = await findLethe('audit', values.url);
  const client = createApiClient(lethe.url, lethe.token);
  const show = (placed: Placed): void => print(values.json === true ? JSON.stringify(placed) : line(placed));
  // At least one is read, so that what was there before is not taken for new.
  const first = await eventsAfter(client, { type: values.type, after: -1, most: Math.max(last, 1) });
  for (const placed of first.slice(first.length - Math.min(last, first.length))) show(placed);
  let after = first.at(-1)?.index ?? -1;
  while (values.once !== true) {
    await pause(pollEveryMs);
    const next = await eventsAfter(client, { type: values.type, after, most: 10_000 });
    for (const placed of next) show(placed);
    after = next.at(-1)?.index ?? after;
  }
  return 0;
};

export const auditCommand = withSubcommands('audit', help, { tail });
