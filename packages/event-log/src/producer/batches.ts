import { EventLogError, type EventLogRecord, type TopicName } from '../port.js';
import { rulesOf } from '../topics.js';

/** Upper bounds of what Kafka's record format adds: to a batch, to a record, to a header. */
const batchOverheadBytes = 128;
const recordOverheadBytes = 40;
const headerOverheadBytes = 10;
const maxBatchRecords = 500;

const sizeOf = ({ key, value, headers = {} }: EventLogRecord): number =>
  Object.entries(headers).reduce(
    (sum, [name, text]) => sum + headerOverheadBytes + Buffer.byteLength(name) + Buffer.byteLength(text),
    recordOverheadBytes + (key?.length ?? 0) + value.length,
  );

/**
 * Cuts records into batches that the topic takes, in order. Throws EventLogError before anything is sent:
 * unknown_topic, record_too_large, or denied for a checkpoint without a key.
 */
export const intoBatches = (topic: TopicName, records: readonly EventLogRecord[]): EventLogRecord[][] => {
  const rules = rulesOf(topic);
  const limit = rules.maxBatchBytes - batchOverheadBytes;
  const batches: EventLogRecord[][] = [];
  let current: EventLogRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (size > limit) throw new EventLogError('record_too_large');
    // A compacted topic keeps the last record of each key, so a record without one has no meaning there.
    if (rules.compacted && record.key === null) throw new EventLogError('denied');
    if (bytes + size > limit || current.length === maxBatchRecords) {
      batches.push(current);
      current = [];
      bytes = 0;
    }
    current.push(record);
    bytes += size;
  }
  if (current.length > 0) batches.push(current);
  return batches;
};
