import { describe, expect, it } from '@jest/globals';
import { reasonNotCarriedOut } from '../not-carried-out.mjs';

const file = (...failures: string[]) => ({
  name: 'a.test.ts',
  status: failures.length === 0 ? 'passed' : 'failed',
  message: '',
  assertionResults: [
    { status: 'passed', failureMessages: [] },
    ...failures.map((message) => ({ status: 'failed', failureMessages: [message] })),
  ],
});
const taken = 'Error: listen EADDRINUSE: address already in use 127.0.0.1:45187';
const seen =
  'Error: \u001b[2mexpect(\u001b[22m\u001b[31mreceived\u001b[39m).toEqual(expected), socket hang up';

describe('a test file that failed', () => {
  it.each([
    [taken, 'a port was taken'],
    ['thrown: "Exceeded timeout of 30000 ms for a hook."', 'time ran out'],
    ['Error: socket hang up', 'a connection was cut'],
  ])('is run again after %s', (message, reason) => {
    expect(reasonNotCarriedOut(file(message))).toBe(reason);
  });

  it('is not when any of its tests saw something wrong', () => {
    expect(reasonNotCarriedOut(file(seen))).toBeUndefined();
    expect(reasonNotCarriedOut(file(taken, seen))).toBeUndefined();
    expect(reasonNotCarriedOut(file(`${seen}\n${taken}`))).toBeUndefined();
  });

  it('is not when nobody knows why', () => {
    expect(reasonNotCarriedOut(file('TypeError: x is not a function'))).toBeUndefined();
    expect(reasonNotCarriedOut({ ...file(), status: 'failed', assertionResults: [] })).toBeUndefined();
    expect(reasonNotCarriedOut(file())).toBeUndefined();
  });
});
