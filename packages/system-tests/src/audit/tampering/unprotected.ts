const ofTombstone = 'it is told as changed; that the organization has a tombstone is what counts';

/** What no hash covers and answers depend on, with what a change of it comes to. */
export const unprotected: Readonly<Record<string, string>> = {
  'anchors/tombstones: event_id': ofTombstone,
  'anchors/tombstones: enabled_at_ms': ofTombstone,
};
