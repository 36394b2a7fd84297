import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ErrorCode, errorCodes } from '@lethe/contracts';
import { LetheError, Opaque } from '@lethe/service-kit';
import { chatFace } from '../dialects/openai/chat.js';
import type { SplicedBody } from '../http/types.js';
import {
  type ProviderClient,
  UpstreamError,
  type UpstreamFailure,
  type UpstreamResponse,
} from '../providers/types.js';
import { policyOf } from '../testing/policy-of.js';
import {
  type CallOptions,
  callWithFallback,
  type PreparedAttempt,
  ProviderFailedError,
  type ProviderRefusal,
} from './call-with-fallback.js';
import { type FallbackPlan, type PlannedAttempt, resolvePlan } from './resolve-plan.js';

type Outcome = number | UpstreamError | Error;
const accounts = ['a', 'b', 'c'].map((providerAccountId) => ({
  providerAccountId,
  provider: 'sim',
  baseUrl: `http://${providerAccountId}.example.org`,
  credential: new Opaque('key'),
  orgId: undefined,
  region: 'local',
}));
const planOf = (count: number): FallbackPlan => {
  const { policy, principal } = policyOf({ accounts: accounts.slice(0, count) });
  return resolvePlan('sim/echo', chatFace, { principal, policy });
};
const responseOf = (status: number): UpstreamResponse => ({
  status,
  headers: [],
  header: () => undefined,
  pipe: async () => 'complete',
  resume: () => undefined,
  release: () => undefined,
  abort: () => undefined,
});
const body: SplicedBody = { buffers: [], bytesTotal: 0 };
const refusal = (code: ErrorCode, retriable: boolean, retryAfterSeconds?: number): ProviderRefusal => ({
  code,
  param: 'messages',
  retriable,
  retryAfterSeconds,
});
const refusals: Readonly<Record<number, ProviderRefusal>> = {
  400: refusal('provider.invalid_request', false),
  429: refusal('provider.rate_limited', true, 7),
  500: refusal('provider.failed', true),
  503: refusal('provider.overloaded', true),
};

/** Runs a plan against a provider that does this, call by call; its last deed repeats. */
const run = (outcomes: readonly Outcome[], change: Partial<CallOptions> = {}, accountCount = 1) => {
  const log: string[] = [];
  const accepts: string[] = [];
  let calls = 0;
  const client: ProviderClient = {
    send: async (target, _body, accept) => {
      const outcome = outcomes[Math.min(calls, outcomes.length - 1)] as Outcome;
      calls += 1;
      accepts.push(accept);
      log.push(`send ${new URL(target.origin).hostname[0]}`);
      if (outcome instanceof Error) throw outcome;
      return responseOf(outcome);
    },
    close: () => undefined,
  };
  const idOf = ({ account }: PlannedAttempt): string => account.providerAccountId;
  const result = callWithFallback({
    client,
    plan: planOf(accountCount),
    streaming: false,
    triesPerAccountMax: 2,
    retryWaitMs: 250,
    prepare: (attempt) => {
      log.push(`prepare ${idOf(attempt)}`);
      return { target: attempt.target, body };
    },
    classify: async ({ status }) => refusals[status] as ProviderRefusal,
    onAttempt: (attempt, index) => log.push(`attempt ${idOf(attempt)} ${index}`),
    aborted: () => false,
    onAbort: () => undefined,
    ...change,
  }).then(
    (response) => ({ response, thrown: undefined }),
    (thrown: unknown) => ({ response: undefined, thrown }),
  );
  const sends = (): string[] => log.filter((line) => line.startsWith('send')).map((line) => line.slice(5));
  return { result, log, sends, accepts };
};
const settled = async <T>(result: Promise<T>): Promise<T> => {
  await jest.advanceTimersByTimeAsync(60_000);
  return result;
};
const failed = async (result: ReturnType<typeof run>['result']): Promise<ProviderFailedError> => {
  const { thrown } = await settled(result);
  expect(thrown).toBeInstanceOf(ProviderFailedError);
  return thrown as ProviderFailedError;
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the first answer below 300', () => {
  it('is taken, and nothing else is tried', async () => {
    const { result, log, accepts } = run([200], {}, 3);
    expect((await settled(result)).response?.status).toBe(200);
    expect(log).toEqual(['attempt a 0', 'prepare a', 'send a']);
    expect(accepts).toEqual(['application/json']);
    const streamed = run([200], { streaming: true });
    await settled(streamed.result);
    expect(streamed.accepts).toEqual(['text/event-stream']);
  });

  it('may come after failures that may be repeated: some tries at each account, then the next', async () => {
    const { result, log } = run([500, 503, new UpstreamError('unreachable', false), 500, 200], {}, 3);
    expect((await settled(result)).response?.status).toBe(200);
    expect(log).toEqual(
      ['a 0', 'a 0', 'b 1', 'b 1', 'c 2'].flatMap((attempt) => [
        `attempt ${attempt}`,
        `prepare ${attempt[0]}`,
        `send ${attempt[0]}`,
      ]),
    );
  });

  it('is waited for a little longer at each try of one account, and not at all for the next', async () => {
    const { sends, result } = run([500], { triesPerAccountMax: 3 }, 2);
    const counts: number[] = [];
    for (const ms of [0, 249, 1, 499, 1, 249, 1, 499, 1]) {
      await jest.advanceTimersByTimeAsync(ms);
      counts.push(sends().length);
    }
    expect(counts).toEqual([1, 1, 2, 2, 4, 4, 5, 5, 6]);
    await result;
  });
});

describe('a refusal', () => {
  it('that no repetition would change ends it at once, as closed facts', async () => {
    const { result, sends } = run([400], {}, 3);
    expect(await failed(result)).toMatchObject({ refusal: refusals[400], stage: 'await_head' });
    expect(sends()).toEqual(['a']);
  });

  it('of a rate limit goes to the next account at once, and to the caller when there is none', async () => {
    const { result, sends } = run([429], {}, 2);
    expect((await failed(result)).refusal).toMatchObject({
      code: 'provider.rate_limited',
      retryAfterSeconds: 7,
    });
    expect(sends()).toEqual(['a', 'b']);
    expect((await settled(run([429, 200], {}, 2).result)).response?.status).toBe(200);
  });

  it('is the last one when the plan is used up', async () => {
    const { result, sends } = run([500, 500, 429, 503], {}, 3);
    expect((await failed(result)).refusal.code).toBe('provider.overloaded');
    expect(sends()).toEqual(['a', 'a', 'b', 'c', 'c']);
  });

  it('is any status from 300 on: a redirect is never followed', async () => {
    const classify = async () => refusal('provider.malformed_response', false);
    const { result, sends } = run([302], { classify }, 2);
    expect((await failed(result)).refusal.code).toBe('provider.malformed_response');
    expect(sends()).toEqual(['a']);
  });
});

describe('a failed connection', () => {
  const codes: readonly [UpstreamFailure, ErrorCode][] = [
    ['unreachable', 'provider.unreachable'],
    ['connect_timeout', 'provider.unreachable'],
    ['head_timeout', 'provider.timeout'],
    ['idle_timeout', 'provider.timeout'],
    ['head_too_large', 'provider.malformed_response'],
    ['malformed', 'provider.malformed_response'],
    ['reset', 'provider.failed'],
    ['aborted', 'caller.aborted'],
  ];

  it.each(codes)('%s is %s; it is repeated only if nothing had left', async (failure, code) => {
    expect(Object.keys(errorCodes)).toContain(code);
    const sent = run([new UpstreamError(failure, true)], {}, 2);
    expect(await failed(sent.result)).toMatchObject({
      stage: 'await_head',
      refusal: { code, retriable: false, param: null },
    });
    expect(sent.sends()).toEqual(['a']);
    const unsent = run([new UpstreamError(failure, false)], {}, 2);
    expect(await failed(unsent.result)).toMatchObject({ stage: 'connect', refusal: { code } });
    expect(unsent.sends()).toEqual(failure === 'aborted' ? ['a'] : ['a', 'a', 'b', 'b']);
  });

  it('says nothing of the error that caused it', async () => {
    const { result } = run([new UpstreamError('reset', true)]);
    const thrown = await failed(result);
    expect([thrown.message, thrown.cause]).toEqual(['provider failed', undefined]);
  });

  it('that is a fault of ours is thrown as it is, not blamed on the provider', async () => {
    const fault = new TypeError('a bug');
    const { result, sends } = run([fault], {}, 2);
    expect((await settled(result)).thrown).toBe(fault);
    expect(sends()).toEqual(['a']);
  });
});

describe('each attempt', () => {
  it('is prepared anew, and is not made when the policy has tightened meanwhile', async () => {
    let tries = 0;
    const refused = new LetheError('org_policy.field_refused', 'models');
    const prepare = ({ target }: PlannedAttempt): PreparedAttempt => {
      tries += 1;
      if (tries === 2) throw refused;
      return { target, body };
    };
    const { result, sends } = run([500], { prepare }, 3);
    expect((await settled(result)).thrown).toBe(refused);
    expect([tries, sends()]).toEqual([2, ['a']]);
  });

  it('is not made for a caller that has left', async () => {
    const { result, log } = run([200], { aborted: () => true }, 3);
    expect(await failed(result)).toMatchObject({ stage: 'connect', refusal: { code: 'caller.aborted' } });
    expect(log).toEqual([]);
  });

  it('is not made for a caller that left while the next was waited for: nothing was on its way then', async () => {
    let gone = false;
    const { result, sends } = run([500], { aborted: () => gone }, 3);
    await jest.advanceTimersByTimeAsync(100);
    gone = true;
    expect(await failed(result)).toMatchObject({
      stage: 'connect',
      refusal: { code: 'caller.aborted', retriable: false },
    });
    expect(sends()).toEqual(['a']);
  });
});
