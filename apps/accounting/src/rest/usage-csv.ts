import type { UsageRequest } from '../analytics/usage-request.js';
import { noUsage, type UsageRow } from '../analytics/usage-store.js';
import { toSumsJson } from './usage-json.js';

/** A cell that a spreadsheet takes as text: what could begin a formula gets a leading apostrophe. */
const cell = (value: string | number | null): string => {
  const text = value === null ? '' : String(value);
  const plain = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

/** Usage as CSV (RFC 4180) with a head line; one line for each period and group. */
export const toUsageCsv = (request: UsageRequest, rows: readonly UsageRow[]): string => {
  const groups = request.groupBy.map(({ name }) => name);
  const head = ['period', ...groups, ...Object.keys(toSumsJson(noUsage))];
  const lines = rows.map((row) => [
    row.period,
    ...groups.map((_, index) => row.group[index] ?? null),
    ...Object.values(toSumsJson(row)),
  ]);
  return `${[head, ...lines].map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;
};
