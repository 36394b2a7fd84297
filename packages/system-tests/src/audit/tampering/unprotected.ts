const notFound =
  'an event is not found by it, or is found by another; the events, tiles, export and topics do not depend on it';
const notShown =
  'the organization does not find the event, or another finds it; the operator, the tiles and the topics do';

const ofTombstone = 'it is told as changed; that the organization has a tombstone is what counts';

/** Columns that no hash covers and that answers depend on, with what a change of them comes to. */
export const unprotected: Readonly<Record<string, string>> = {
  'event.org_id': notShown,
  'leaf.org_id': notShown,
  'event.event_type': notFound,
  'event.event_time': notFound,
  'event.actor_id': notFound,
  'event.target_kind': notFound,
  'event.target_id': notFound,
  'event.outcome': notFound,
  'anchors/tombstones: event_id': ofTombstone,
  'anchors/tombstones: enabled_at_ms': ofTombstone,
};
