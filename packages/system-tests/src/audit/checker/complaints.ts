import { leafHash, Roots, rootByPath } from './merkle.js';
import { type PinnedLog, readCheckpoint, readProof } from './note.js';

/** An event whose Append was answered, and the answer. */
export interface Acknowledged {
  readonly eventId: string;
  readonly body: Buffer;
  readonly index: number;
  readonly proof: string;
  readonly checkpoint: string;
}

/** Everything the world outside has ever seen of a log. */
export interface History {
  readonly log: PinnedLog;
  readonly acknowledged: readonly Acknowledged[];
  /** The log as it is in the end. */
  readonly entries: readonly Buffer[];
  /** Every checkpoint that was published, in order. */
  readonly published: readonly string[];
  /** The events that were published, in order. */
  readonly publishedEvents: readonly Buffer[];
}

const complaintsMax = 20;

const idOf = (entry: Buffer): string => (JSON.parse(entry.toString()) as { id: string }).id;

const aboutEntries = ({ acknowledged, entries }: History): string[] => {
  const ids = entries.map(idOf);
  const complaints: string[] = [];
  if (new Set(ids).size !== ids.length) complaints.push('an event is in the log twice');
  for (const { eventId, body, index } of acknowledged) {
    if (entries[index] === undefined) complaints.push(`event ${eventId} was acknowledged and is missing`);
    else if (!entries[index].equals(body)) complaints.push(`at ${index} lies another event than ${eventId}`);
  }
  return complaints;
};

/** A checkpoint that leads to the root of the same beginning of the log is consistent with all others that do. */
const aboutCheckpoints = (history: History, roots: Roots): string[] => {
  const { log, acknowledged, entries, published } = history;
  const complaints: string[] = [];
  const seen = new Set<string>();
  for (const note of [...published, ...acknowledged.map(({ checkpoint }) => checkpoint)]) {
    if (seen.has(note)) continue;
    seen.add(note);
    const head = readCheckpoint(note, log);
    if (head === undefined) complaints.push('a checkpoint is not signed by the log');
    else if (head.size > entries.length)
      complaints.push(`a checkpoint of size ${head.size} is ahead of the log`);
    else if (!roots.root(head.size).equals(head.root))
      complaints.push(`the checkpoint of size ${head.size} belongs to another log`);
  }
  const sizes = published.map((note) => readCheckpoint(note, log)?.size ?? 0);
  if (sizes.some((size, at) => at > 0 && size < (sizes[at - 1] as number)))
    complaints.push('checkpoints were published out of order');
  return complaints;
};

const aboutProofs = ({ log, acknowledged }: History): string[] =>
  acknowledged.flatMap(({ eventId, body, index, proof, checkpoint }) => {
    const read = readProof(proof);
    const head = read && readCheckpoint(read.checkpoint, log);
    if (read === undefined || head === undefined) return [`the proof of ${eventId} cannot be read`];
    const root = rootByPath({ leaf: leafHash(body), index, size: head.size }, read.path);
    const right = read.index === index && read.event.equals(body) && root?.equals(head.root) === true;
    const sameHead = readCheckpoint(checkpoint, log)?.size === head.size;
    return right && sameHead ? [] : [`the proof of ${eventId} does not hold`];
  });

const aboutPublishedEvents = ({ entries, publishedEvents }: History): string[] => {
  const complaints: string[] = [];
  const indexes = new Map(entries.map((entry, index) => [entry.toString('base64'), index]));
  let next = 0;
  for (const event of publishedEvents) {
    const index = indexes.get(event.toString('base64'));
    if (index === undefined) complaints.push('an event was published that the log does not hold');
    // Again from an earlier one is allowed, at least once being the promise; over one is not.
    else if (index > next) complaints.push(`event ${next} was left out where ${index} was published`);
    else next = Math.max(next, index + 1);
  }
  if (next < entries.length) complaints.push(`${entries.length - next} events were never published`);
  return complaints;
};

/** What is wrong with a log, in words; nothing when every promise was kept. Shares no code with the product. */
export const complaintsAbout = (history: History): string[] => {
  const roots = new Roots(history.entries.map(leafHash));
  return [
    ...aboutEntries(history),
    ...aboutCheckpoints(history, roots),
    ...aboutProofs(history),
    ...aboutPublishedEvents(history),
  ].slice(0, complaintsMax);
};
