import type { LogCall } from './log-calls.js';

const code = (text: string): string => `\`${text}\``;

const intro = `# Log events

Written by \`npm run generate -w @lethe/system-tests\` from the calls of the logger in the code; a test holds the two equal, and finds a
call whose event or fields are not closed.

A service writes one JSON line an event to its standard error: \`time\`, \`level\`, \`service\`, \`event\`, the fields below, and of a failure
\`error\` with the name, code and frames of what was thrown, never its message. A field holds a number, a yes or no, or an identifier;
whatever else is given is shown as \`[withheld]\`: no text that a caller wrote can be in a log.

| Event | Level | Written in | Fields |
| --- | --- | --- | --- |`;

/** docs/log-events.md, as the calls in the code say it. */
export const logPage = (calls: readonly LogCall[]): string => {
  const rows = new Map<string, { levels: Set<string>; rooms: Set<string>; fields: Set<string> }>();
  for (const { events, level, place, fields } of calls)
    for (const event of events) {
      const row = rows.get(event) ?? { levels: new Set(), rooms: new Set(), fields: new Set() };
      row.levels.add(level);
      row.rooms.add(place.split('/').slice(0, 2).join('/'));
      for (const field of fields) row.fields.add(field);
      rows.set(event, row);
    }
  const list = (values: ReadonlySet<string>): string => [...values].sort().map(code).join(', ');
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([event, row]) =>
        `| ${code(event)} | ${[...row.levels].sort().join(', ')} | ${list(row.rooms)} | ${list(row.fields)} |`,
    );
  return `${intro}\n${lines.join('\n')}\n`;
};
