import type { Failure, VerifyCode } from '@lethe/transparency-log';

/** What a closed code means to a person. */
const words: Readonly<Record<VerifyCode, string>> = {
  too_large: 'It is longer than anything a log makes.',
  text_malformed: 'It has bytes that no such text has.',
  policy_invalid: 'The keys cannot be used.',
  note_malformed: 'The checkpoint is not a signed note.',
  signature_unknown:
    'The checkpoint is not signed with the pinned key: it is of another log, or somebody else made it.',
  signature_wrong: 'A signature of the checkpoint is wrong: the text or the signature was changed.',
  checkpoint_malformed: 'What was signed is not a checkpoint.',
  origin_differs: 'The checkpoint names another log than the pinned key.',
  quorum_missed: 'Too few of the pinned witnesses have cosigned the checkpoint.',
  proof_malformed: 'It is not a proof (c2sp.org/tlog-proof@v1), or a line of it was changed.',
  entry_missing: 'The proof does not carry its event.',
  size_invalid: 'A size is not possible: the log is shorter than it was signed to be.',
  index_invalid: 'The place of the event lies outside the log that was signed.',
  hash_malformed: 'What should be a hash is none.',
  path_length_wrong: 'The path has another length than the place of the event allows.',
  root_differs:
    'The hashes lead to another root than was signed: something was changed, left out, put in or moved.',
  read_failed: 'A part of the log could not be read.',
  tile_missing: 'A tile of the log is missing.',
  tile_malformed: 'A tile of the log has the wrong length.',
  tile_differs: 'A tile does not follow from the one below: one of them was changed.',
  bundle_missing: 'A bundle of events is missing.',
  bundle_malformed: 'A bundle of events is cut off or has the wrong number of events.',
  entry_differs:
    'An event is not the one whose hash is in the log: it was changed, left out, put in or moved.',
};

const ofWholeTile: readonly VerifyCode[] = ['tile_missing', 'tile_malformed', 'read_failed'];
const ofWholeBundle: readonly VerifyCode[] = ['bundle_missing', 'bundle_malformed'];

const place = ({ code, at }: Failure): string => {
  if (at?.size !== undefined) return ` Seen at the size of ${at.size} events.`;
  if (at?.index === undefined) return '';
  if (ofWholeBundle.includes(code)) return ` It begins with event ${at.index * 256}.`;
  if (ofWholeTile.includes(code)) return ` It is number ${at.index} of level ${at.level}.`;
  return at.level === 0
    ? ` It is event ${at.index}, counted from 0.`
    : ` It is hash ${at.index} of tile level ${at.level}.`;
};

/** Why something does not hold, and where. Nothing of what was read is in it. */
export const faultWords = (failure: Failure): string => words[failure.code] + place(failure);
