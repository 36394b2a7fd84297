import { createHash } from 'node:crypto';
import { type VerifiedCheckpoint, verifyCheckpoint, verifyInclusion } from '@lethe/transparency-log';
import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';
import { readAuditEvent } from '../event/audit-event.js';
import { readLines } from '../log/read-input.js';
import type { Pinned } from './pinned-key.js';
import type { Progress } from './progress.js';
import type { Report } from './verdict.js';
import { checkpointFacts, checkpointJson, failureReport } from './verdict-facts.js';

/** The checkpoint's line is the longest: a note in JSON. */
const lineBytesMax = 300_000;
const headSchema = z.object({ checkpoint: z.string() });
const endSchema = z.strictObject({ events: z.number().int().min(0) });
// The event's bytes are taken as they stand: what is hashed is what was written, not what a parser makes of it.
const eventPart = String.raw`"event"\s*:\s*(?<event>\{.*\})`;
const indexPart = String.raw`"index"\s*:\s*(?<index>\d{1,16})`;
const pathPart = String.raw`"path"\s*:\s*\[(?<path>(?:"[A-Za-z0-9+/]{43}="(?:\s*,\s*)?)*)\]`;
const lineOf = (...parts: readonly string[]): RegExp =>
  new RegExp(`^\\{\\s*${parts.join(String.raw`\s*,\s*`)}\\s*\\}$`, 's');
const lineShapes = [lineOf(eventPart, indexPart, pathPart), lineOf(indexPart, eventPart, pathPart)];

interface ExportedEvent {
  readonly index: number;
  readonly bytes: Buffer;
  readonly path: readonly Buffer[];
}

const readEventLine = (line: Buffer): ExportedEvent | undefined => {
  const text = line.toString('utf8');
  const groups = lineShapes.map((shape) => shape.exec(text)?.groups).find((found) => found !== undefined);
  if (groups === undefined) return undefined;
  const { index = '', event = '', path = '' } = groups;
  const hashes = [...path.matchAll(/"([^"]{44})"/g)].map(([, hash = '']) => Buffer.from(hash, 'base64'));
  return { index: Number(index), bytes: Buffer.from(event, 'utf8'), path: hashes };
};

const bad = (verdict: string, code: string, line: number): Report => ({
  holds: false,
  verdict: `${verdict} Seen in line ${line}.`,
  facts: [],
  json: { mode: 'export', code, line },
});

/** Checks the lines one by one; keeps only counts. */
class ExportCheck {
  #lines = 0;
  #events = 0;
  #lastIndex = -1;
  #ended = false;
  checkpoint: VerifiedCheckpoint | undefined;

  constructor(private readonly pinned: Pinned) {}

  /** A report once it is clear that it does not hold. */
  take(line: Buffer | 'too_long'): Report | undefined {
    this.#lines += 1;
    if (line === 'too_long') return this.#bad('A line is longer than any of an export.', 'line_too_long');
    if (this.#ended) return this.#bad('There is more after the line that ends the export.', 'more_after_end');
    if (this.checkpoint === undefined) return this.#takeHead(line);
    const end = line.length < 100 ? decodeJson(endSchema, line.toString('utf8')) : undefined;
    if (end === undefined) return this.#takeEvent(line, this.checkpoint);
    this.#ended = true;
    if (end.events === this.#events) return undefined;
    return this.#bad(
      `The export says it has ${end.events} events, and has ${this.#events}.`,
      'count_differs',
    );
  }

  finish(): Report {
    const { checkpoint, pinned } = this;
    if (checkpoint === undefined) return this.#bad('The file is empty.', 'empty');
    if (!this.#ended)
      return this.#bad('The export is cut off: the line with the count is missing.', 'cut_off');
    const isWholeLog = this.#events === checkpoint.size;
    return {
      holds: true,
      verdict: `All ${this.#events} events of this export are in the log exactly as they stand here.`,
      facts: [
        ['complete', isWholeLog ? 'yes: these are all events of the log' : 'not shown: see below'],
        ...checkpointFacts(checkpoint, pinned),
      ],
      remarks: isWholeLog
        ? []
        : [
            'That no event was left out of a selection is not shown by an export; only the whole log shows it.',
          ],
      json: { mode: 'export', events: this.#events, whole_log: isWholeLog, ...checkpointJson(checkpoint) },
    };
  }

  #takeHead(line: Buffer): Report | undefined {
    const head = decodeJson(headSchema, line.toString('utf8'));
    if (head === undefined) return this.#bad('The first line carries no checkpoint.', 'head_malformed');
    const signed = verifyCheckpoint(head.checkpoint, this.pinned.policy);
    if (!signed.ok)
      return failureReport("The export's checkpoint is not good.", signed, this.pinned, { mode: 'export' });
    const { ok: _, ...checkpoint } = signed;
    this.checkpoint = checkpoint;
    return undefined;
  }

  #takeEvent(line: Buffer, checkpoint: VerifiedCheckpoint): Report | undefined {
    const exported = readEventLine(line);
    if (exported === undefined || readAuditEvent(exported.bytes) === undefined)
      return this.#bad('A line is not an event with its path.', 'line_malformed');
    const { index, bytes, path } = exported;
    // Each event once: an event that stands twice would stand in for another in the count.
    if (index <= this.#lastIndex)
      return this.#bad('The events are not in the order of the log.', 'order_wrong');
    const leafHash = createHash('sha256').update('\0').update(bytes).digest();
    const included = verifyInclusion({ leafHash, index, path, size: checkpoint.size, root: checkpoint.root });
    if (!included.ok)
      return failureReport(
        `The event in line ${this.#lines} is not in the log as it stands here.`,
        included,
        this.pinned,
        {
          mode: 'export',
          line: this.#lines,
        },
      );
    this.#lastIndex = index;
    this.#events += 1;
    return undefined;
  }

  #bad(verdict: string, code: string): Report {
    return bad(verdict, code, this.#lines);
  }
}

/** Checks an export (JSON lines) offline, in one pass and with little memory. Rejects with Problem (exit 3) when it cannot be read. */
export const verifyExportFile = async (
  path: string,
  pinned: Pinned,
  progress: Pick<Progress, 'report' | 'end'>,
): Promise<Report> => {
  const check = new ExportCheck(pinned);
  let lines = 0;
  try {
    for await (const line of readLines(path, lineBytesMax)) {
      const report = check.take(line);
      if (report !== undefined) return report;
      lines += 1;
      if (check.checkpoint !== undefined) progress.report(lines, check.checkpoint.size);
    }
    return check.finish();
  } finally {
    progress.end();
  }
};
