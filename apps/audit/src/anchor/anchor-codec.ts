import { isUuid } from '@lethe/contracts';
import { parseCheckpoint } from '@lethe/transparency-log';
import { AnchorError, type AnchoredCheckpoint, type Tombstone } from './anchors.js';

/** The body of a note: what stands above its signatures. */
export const bodyOf = (note: string): string => note.slice(0, note.lastIndexOf('\n\n') + 1);

/** Reads a kept note as the checkpoint of this size. Signatures are not looked at. Throws AnchorError `damaged`. */
export const readAnchoredNote = (note: string, size: number): AnchoredCheckpoint => {
  const checkpoint = parseCheckpoint(bodyOf(note));
  if (checkpoint === undefined || checkpoint.size !== size) throw new AnchorError('damaged');
  return { size, root: Buffer.from(checkpoint.root), note };
};

export const encodeTombstone = ({ orgId, enabledAtMs, eventId, shredHistory }: Tombstone): string =>
  `${JSON.stringify({
    org_id: orgId,
    enabled_at_ms: enabledAtMs,
    event_id: eventId,
    ...(shredHistory && { shred_history: true }),
  })}\n`;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Whether an event `zdr.enabled` says that the history was given up too. */
export const shredsHistory = (body: Buffer): boolean => {
  let value = parseJson(body.toString('utf8'));
  for (const name of ['data', 'unmapped', 'after', 'shred_history'])
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return value === true;
};

/** Throws AnchorError `damaged`. */
export const decodeTombstone = (text: string): Tombstone => {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) throw new AnchorError('damaged');
  const {
    org_id: orgId,
    enabled_at_ms: enabledAtMs,
    event_id: eventId,
    shred_history: shredHistory = false,
  } = value as Record<string, unknown>;
  const isWhole =
    typeof orgId === 'string' &&
    isUuid(orgId) &&
    typeof eventId === 'string' &&
    isUuid(eventId) &&
    typeof shredHistory === 'boolean' &&
    typeof enabledAtMs === 'number' &&
    Number.isSafeInteger(enabledAtMs);
  if (!isWhole) throw new AnchorError('damaged');
  return { orgId, enabledAtMs, eventId, shredHistory };
};
