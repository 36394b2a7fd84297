import type { LogReader, ReleasedCheckpoint } from '../log/log-reader.js';
import type { AuditDatabase, Reader } from '../store/database.js';
import { type EventFilter, listOldestEvents, type StoredEvent } from '../store/read-events.js';

export interface ExportSource {
  readonly database: AuditDatabase;
  readonly logReader: LogReader;
  readonly origin: string;
}

export interface ExportScope {
  readonly reader: Reader;
  readonly filter: EventFilter;
  readonly checkpoint: ReleasedCheckpoint;
}

/** Events of one read: what an export holds in memory of the log at a time. */
const EVENTS_PER_READ = 100;

const lineOf = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** The event's bytes go into the line as they are: it is these that the leaf was made of. */
const eventLine = ({ index, body }: StoredEvent, path: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from(`{"index":${index},"event":`),
    body,
    Buffer.from(`,"path":${JSON.stringify(path.map((hash) => hash.toString('base64')))}}\n`),
  ]);

/**
 * The lines of an export, some at a time: the checkpoint, each event with its inclusion path against it, the count.
 * Nothing is read ahead of who takes the lines. Rejects with StoreError; then the last line is missing.
 */
export async function* exportLines(
  { database, logReader, origin }: ExportSource,
  { reader, filter, checkpoint }: ExportScope,
): AsyncGenerator<Buffer> {
  const { size, note } = checkpoint;
  yield lineOf({ checkpoint: note, origin, size });
  let events = 0;
  let fromIndex = 0;
  for (;;) {
    const within = { ...filter, beforeIndex: size };
    const rows = await listOldestEvents(database, reader, within, { fromIndex, limit: EVENTS_PER_READ });
    if (rows.length === 0) break;
    const indexes = rows.map(({ index }) => index);
    const paths = await logReader.inclusionPaths(indexes, size);
    yield Buffer.concat(rows.map((row, at) => eventLine(row, paths[at] ?? [])));
    events += rows.length;
    fromIndex = (indexes.at(-1) ?? size) + 1;
  }
  yield lineOf({ events });
}
