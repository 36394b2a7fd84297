import type { Watcher } from './examine.js';

export interface Row {
  readonly place: string;
  readonly what: string;
  readonly noticedBy: readonly Watcher[];
  readonly sameAnswers: boolean;
}

const names: Readonly<Record<Watcher, string>> = {
  'fork guard': 'fork guard',
  'not ready': 'audit stops',
  verify: 'verifier',
  'Go verifier': 'Go verifier',
  export: 'export',
  watch: 'watch',
  proof: 'proof of the next event',
  tombstones: 'list of tombstones',
};

/** A row of the page. */
export const pageLine = (row: Row, unprotected: Readonly<Record<string, string>>): string =>
  `| \`${row.place}\` | ${row.what} | ${resultOf(row, unprotected)} |`;

const resultOf = (
  { place, noticedBy, sameAnswers }: Row,
  unprotected: Readonly<Record<string, string>>,
): string => {
  if (noticedBy.length > 0) return noticedBy.map((watcher) => names[watcher]).join(', ');
  const reason = unprotected[place];
  if (reason !== undefined) return `**unprotected**: ${reason}`;
  return sameAnswers ? 'changes no answer' : '**nobody**';
};

const table = (rows: readonly Row[], unprotected: Readonly<Record<string, string>>): string =>
  [
    '| place | manipulation | noticed by |',
    '|---|---|---|',
    ...rows.map((row) => pageLine(row, unprotected)),
  ].join('\n');

/** docs/audit-tampering.md as the runs had it. */
export const tamperingPage = (
  rows: readonly Row[],
  mirrorRows: readonly Row[],
  unprotected: Readonly<Record<string, string>>,
): string => `# What happens when somebody tampers with the audit log

Made by \`npm run test:audit\` (packages/system-tests/src/audit/tampering), which holds this page to what it saw. Each row
is a run of its own: a log of 300 events, cosigned by a witness, is stopped; somebody who owns the database server or the
disk, but not the signing key, changes one thing; audit is started again, and everybody who could notice is asked. The
untouched log passes with all of them. CI tries every column and file; \`LETHE_LONG=1\` every row of this page, and
\`LETHE_UPDATE=1\` besides writes it.

* **fork guard**: audit itself, at its start or with the next event. It answers nothing and signs nothing from then on.
* **audit stops**: it cannot make sense of its tables or its anchors, says so in its log, answers nothing and signs nothing.
* **verifier** (what \`lethe audit verify\` runs) and **Go verifier** (which shares no code with Lethe): read the whole log over
  HTTP, with a pinned key and a pinned witness.
* **export**: an export made after the change does not lead to its checkpoint, or is not given out.
* **watch** (\`lethe audit watch\`): somebody who kept a checkpoint from before.
* **proof of the next event**: the answer to the next \`Append\` does not verify, or does not come.
* **list of tombstones**: audit refuses to give it out, and admin-config says so.
* *changes no answer*: what was changed is read by nobody; every answer is byte for byte as before.

## The database and its anchors

${table(rows, unprotected)}

## A mirror

Files of a static copy (\`lethe audit export --dir\`).

${table(mirrorRows, unprotected)}

## What is left

Whoever sets back the database **and** the anchors together is noticed only by those outside who remember more: a kept
checkpoint (\`lethe audit watch\`), a witness, a kept proof. Whoever has the signing key as well can show a log of their own
making to people who keep nothing. The columns that events are found by (organization, type, time, actor, target, outcome)
are copies of what the event says. Audit compares them with it whenever it lists or exports an event; somebody who no longer
finds an event, because its copy was changed, notices nothing, but the operator's list and export are refused.
`;
