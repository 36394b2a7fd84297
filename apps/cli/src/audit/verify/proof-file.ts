import { verifyProof } from '@lethe/transparency-log';
import { readAuditEvent } from '../event/audit-event.js';
import { eventFacts, eventSentence } from '../event/event-words.js';
import type { Pinned } from './pinned-key.js';
import type { Report } from './verdict.js';
import { checkpointFacts, checkpointJson, failureReport } from './verdict-facts.js';

/** No proof is longer. */
export const proofBytesMax = 262_144;

/** Checks a `.tlog-proof` with nothing but its bytes and the keys, and tells the event it is about. */
export const verifyProofFile = (proof: Uint8Array, pinned: Pinned): Report => {
  const verdict = verifyProof(proof, pinned.policy);
  if (!verdict.ok) return failureReport('The proof is not good.', verdict, pinned, { mode: 'proof' });
  const { entry, index, checkpoint } = verdict;
  const event = readAuditEvent(entry);
  if (event === undefined)
    return {
      holds: false,
      verdict: 'The log holds what the proof carries, but that is no audit event.',
      facts: checkpointFacts(checkpoint, pinned),
      json: { mode: 'proof', index, code: 'event_malformed', ...checkpointJson(checkpoint) },
    };
  return {
    holds: true,
    verdict: 'This event is in the log, exactly as it is told here.',
    facts: [...eventFacts(index, event), ...checkpointFacts(checkpoint, pinned)],
    json: { mode: 'proof', index, sentence: eventSentence(event), event, ...checkpointJson(checkpoint) },
  };
};
