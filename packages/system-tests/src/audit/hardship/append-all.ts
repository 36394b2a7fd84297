import type { Acknowledged } from '../checker/complaints.js';
import type { AppendClient } from '../world/append-client.js';
import type { SampleEvent } from '../world/sample-events.js';

/** Appends each, one after the other; rejects with the first refusal. */
export const appendAll = async (
  client: AppendClient,
  events: readonly SampleEvent[],
  deadlineMs?: number,
): Promise<Acknowledged[]> => {
  const acknowledged: Acknowledged[] = [];
  for (const { eventId, body, request } of events) {
    const { index, proof, checkpoint } = await client.append(request, deadlineMs);
    acknowledged.push({ eventId, body, index: Number(index), proof, checkpoint });
  }
  return acknowledged;
};
