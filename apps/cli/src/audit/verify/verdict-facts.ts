import type { Failure, VerifiedCheckpoint } from '@lethe/transparency-log';
import { faultWords } from './fault-words.js';
import { keyWords, type Pinned } from './pinned-key.js';
import type { Report } from './verdict.js';

const witnessWords = ({ cosignedBy }: VerifiedCheckpoint): string =>
  cosignedBy.length === 0
    ? 'none asked for: that this log shows everybody the same is not shown'
    : cosignedBy
        .map(
          ({ witness, signedAtSeconds }) => `${witness} at ${new Date(signedAtSeconds * 1000).toISOString()}`,
        )
        .join(', ');

/** Who signed what, as facts of a verdict. */
export const checkpointFacts = (checkpoint: VerifiedCheckpoint, pinned: Pinned): Report['facts'] => [
  ['log', `${checkpoint.origin}, ${checkpoint.size} events when it was signed`],
  ['root', checkpoint.root.toString('base64')],
  ['key', keyWords(pinned)],
  ['witnesses', witnessWords(checkpoint)],
];

export const checkpointJson = ({ origin, size, root, cosignedBy }: VerifiedCheckpoint): object => ({
  origin,
  size,
  root: root.toString('base64'),
  cosigned_by: cosignedBy.map(({ witness, signedAtSeconds }) => ({
    witness,
    time: new Date(signedAtSeconds * 1000).toISOString(),
  })),
});

/** A verdict of no, with why and where. */
export const failureReport = (
  subject: string,
  failure: Failure,
  pinned: Pinned,
  json: object = {},
): Report => ({
  holds: false,
  verdict: `${subject} ${faultWords(failure)}`,
  facts: [['key', keyWords(pinned)]],
  json: { ...json, code: failure.code, ...(failure.at === undefined ? {} : { at: failure.at }) },
});
