import { expect } from '@jest/globals';
import type { Asked } from './house/traffic.js';
import type { Round } from './round.js';

const placesOf = (asked: readonly Asked[]): string[] =>
  asked.map(({ canary, requestId }) => `${canary.place} ${requestId}`);

/** Everything that holds of a round in which EnableZDR has returned `effective`. */
export const expectForgotten = (round: Round): void => {
  const { asked, enabled, readBefore, inFlight, after, rows, readable } = round;
  expect(enabled).toMatchObject({ status: 200, answer: { state: 'effective' } });
  // The control: what was asked before can be read, and the search finds it.
  expect(readBefore.length).toBeGreaterThan(5);
  expect(placesOf(readable(readBefore))).toEqual(placesOf(readBefore));
  expect(after.length).toBeGreaterThan(5);
  expect(placesOf(readable(after))).toEqual([]);
  expect(placesOf(readable(inFlight))).toEqual([]);
  expect(new Set(after.map(({ retention }) => retention))).toEqual(new Set(['telemetry']));
  // Serving is what it was, and so is the bill.
  expect(asked.filter(({ right }) => !right)).toEqual([]);
  expect(rows.map(({ request_id }) => request_id).sort()).toEqual(
    asked.map(({ requestId }) => requestId).sort(),
  );
  expect(round.bill).toEqual(round.ledger);
  const decisions = new Map(rows.map((row) => [row.request_id, row.retention_decision]));
  const late = [...inFlight, ...after].map(({ requestId }) => decisions.get(requestId));
  expect(new Set(late)).toEqual(new Set(['telemetry']));
};
