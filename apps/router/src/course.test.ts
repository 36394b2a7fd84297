import { describe, expect, it } from '@jest/globals';
import { type ErrorCode, errorCodes, isUuid, type Outcome } from '@lethe/contracts';
import { LetheError, Opaque } from '@lethe/service-kit';
import { decideRetention } from '@lethe/zdr-policy';
import { Course } from './course.js';
import { chatFace } from './dialects/openai/chat.js';
import { headerPairs } from './http/error-response.js';
import type { CapturedExchange } from './insight/captured-exchange.js';
import type { ResponseReading } from './meter/types.js';
import { ProviderFailedError } from './routing/call-with-fallback.js';
import { resolvePlan } from './routing/resolve-plan.js';
import { policyOf } from './testing/policy-of.js';

const account = {
  providerAccountId: 'a',
  provider: 'sim',
  baseUrl: 'http://sim.example.org',
  credential: new Opaque('key'),
  orgId: undefined,
  region: 'local',
};
const { policy, principal } = policyOf({ accounts: [account], logging: true });
const [attempt] = resolvePlan('sim/echo', chatFace, { principal, policy });
const readingOf = (change: Partial<ResponseReading> = {}): ResponseReading => ({
  usage: undefined,
  finishReason: 'stop',
  streamError: false,
  endMarkSeen: true,
  contentEvents: 1,
  bodyBytes: 10,
  ...change,
});
const courseOf = (): Course => new Course('chat_completions', 7n);
const providerFailed = (code: ErrorCode, stage: 'connect' | 'await_head', retryAfterSeconds?: number) =>
  new ProviderFailedError({ code, param: 'messages', retriable: false, retryAfterSeconds }, stage);
const headersOf = (course: Course): Record<string, string> =>
  Object.fromEntries(headerPairs(course.answerHeaders()));

/** A course that got as far as a provider, with content captured under a grant. */
const grantedCourse = (): Course => {
  const course = courseOf();
  course.principal = principal;
  course.admitted = decideRetention(course.requestId, {
    orgPolicy: 'known',
    zdr: false,
    keyLogging: true,
    sealingKey: true,
    wish: 'none',
  });
  course.captured = {} as CapturedExchange;
  return course;
};

describe('an answer that ended', () => {
  it.each<
    [string, Partial<ResponseReading>, 'complete' | 'cut' | 'client_aborted', ErrorCode | undefined, Outcome]
  >([
    ['well', {}, 'complete', undefined, 'success'],
    [
      'without an end mark but with a finish reason',
      { endMarkSeen: false },
      'complete',
      undefined,
      'success',
    ],
    [
      'without either',
      { endMarkSeen: false, finishReason: 'unspecified' },
      'complete',
      'provider.stream_cut',
      'stream_cut',
    ],
    ['before its end', {}, 'cut', 'provider.stream_cut', 'stream_cut'],
    ['in an error', { streamError: true }, 'complete', 'provider.stream_error', 'provider_error'],
    ['in an error and cut', { streamError: true }, 'cut', 'provider.stream_error', 'provider_error'],
    ['because the caller left', {}, 'client_aborted', 'caller.aborted', 'client_aborted'],
    [
      'in an error while the caller left',
      { streamError: true },
      'client_aborted',
      'caller.aborted',
      'client_aborted',
    ],
  ])('%s', (_how, change, ended, code, outcome) => {
    const course = courseOf();
    course.point = 'relay';
    course.streaming = true;
    course.ended(readingOf(change), ended, 200);
    expect(course.failure).toEqual(code === undefined ? undefined : { code, point: 'relay', outcome });
    expect(course.statusCode).toBe(200);
    expect(course.cutInFlight).toBe(false);
  });

  it('as half a document is cut, whatever finish reason it names', () => {
    const course = courseOf();
    course.ended(readingOf({ endMarkSeen: false }), 'complete', 200);
    expect(course.failure?.outcome).toBe('stream_cut');
  });

  it('without a head sent has the status of its failure', () => {
    const course = courseOf();
    course.ended(readingOf(), 'cut', undefined);
    expect(course.statusCode).toBe(errorCodes['provider.stream_cut'].status);
  });
});

describe('a failure', () => {
  it.each<[ErrorCode, Outcome]>([
    ['caller.malformed_json', 'refused'],
    ['caller.aborted', 'client_aborted'],
    ['org_policy.field_refused', 'refused'],
    ['provider.failed', 'provider_error'],
    ['gateway.overloaded', 'gateway_error'],
  ])('%s is told by code and field, and is %s', (code, outcome) => {
    const course = courseOf();
    course.point = 'policy';
    expect(course.failed(new LetheError(code, 'models'), false)).toEqual({
      code,
      param: 'models',
      retryAfterSeconds: undefined,
    });
    expect(course.failure).toEqual({ code, point: 'policy', outcome });
    expect(course.statusCode).toBe(errorCodes[code].status);
  });

  it('of anything unknown is internal and says nothing of it', () => {
    for (const thrown of [new TypeError('CANARY'), 'CANARY', undefined, null]) {
      const course = courseOf();
      expect(course.failed(thrown, false)).toEqual({
        code: 'gateway.internal',
        param: null,
        retryAfterSeconds: undefined,
      });
      expect(course.failure?.outcome).toBe('gateway_error');
    }
  });

  it('of a provider says how far it came and when to try again', () => {
    const course = courseOf();
    course.point = 'await_head';
    expect(course.failed(providerFailed('provider.rate_limited', 'await_head', 7), false)).toMatchObject({
      code: 'provider.rate_limited',
      param: 'messages',
      retryAfterSeconds: 7,
    });
    expect(course.failure).toMatchObject({ point: 'await_head', outcome: 'provider_error' });
    const unreachable = courseOf();
    unreachable.point = 'await_head';
    unreachable.failed(providerFailed('provider.unreachable', 'connect'), false);
    expect(unreachable.failure?.point).toBe('connect');
  });

  it('while the caller has left is that it left, whatever was thrown', () => {
    for (const thrown of [
      new LetheError('caller.timeout'),
      providerFailed('provider.failed', 'await_head'),
      'x',
    ]) {
      const course = courseOf();
      expect(course.failed(thrown, true)).toEqual({
        code: 'caller.aborted',
        param: null,
        retryAfterSeconds: undefined,
      });
      expect(course.failure?.outcome).toBe('client_aborted');
      expect(course.cutInFlight).toBe(false);
    }
  });

  it('that cut a provider at work is noted as such; one before or between attempts is not', () => {
    const cut = (stage: 'connect' | 'await_head'): boolean => {
      const course = courseOf();
      course.attempting(attempt, 0);
      course.failed(providerFailed('caller.aborted', stage), true);
      return course.cutInFlight;
    };
    expect([cut('await_head'), cut('connect')]).toEqual([true, false]);
  });
});

describe('headers of an answer', () => {
  it('say what every answer says', () => {
    const course = courseOf();
    expect(isUuid(course.requestId)).toBe(true);
    expect(headersOf(course)).toEqual({
      'x-lethe-request-id': course.requestId,
      'x-lethe-retention': 'none',
      'x-lethe-policy-version': '7',
      'x-lethe-latency-ms': expect.stringMatching(/^\d+$/),
      'cache-control': 'no-store',
    });
  });

  it('name the provider once one is asked, and what was left out, by place', () => {
    const course = courseOf();
    course.callerFields = { ...course.callerFields, dropped: ['tags.2'] };
    course.attempting(attempt, 0);
    course.answering(200, ['metadata', 'user']);
    expect(headersOf(course)).toMatchObject({
      'x-lethe-provider': 'sim',
      'x-lethe-dropped': 'tags.2, metadata, user',
    });
  });

  it('say the most that may be kept: nothing without a key, telemetry with one, payload under a grant alone', () => {
    const course = courseOf();
    expect(course.retentionHeader()).toBe('none');
    course.principal = principal;
    expect(course.retentionHeader()).toBe('telemetry');
    course.admitted = { kind: 'telemetry_only', reason: 'zdr' };
    expect(course.retentionHeader()).toBe('telemetry');
    expect(grantedCourse().retentionHeader()).toBe('payload');
  });

  it('never promise less than what is kept: an answer to a failure under a grant keeps what was asked', () => {
    const course = grantedCourse();
    course.failed(providerFailed('provider.failed', 'await_head'), false);
    expect(course.retentionHeader()).toBe('payload');
    // Refused before anything was captured: there is nothing to keep.
    const early = grantedCourse();
    early.captured = undefined;
    early.failed(new LetheError('caller.model_unknown', 'model'), false);
    expect(early.retentionHeader()).toBe('telemetry');
  });
});

describe('attempts', () => {
  it('are counted, the last one is what is told of', () => {
    const course = courseOf();
    const other = { ...attempt, region: 'eu' };
    course.attempting(attempt, 0);
    course.attempting(attempt, 0);
    course.attempting(other, 1);
    expect(course).toMatchObject({ attempts: 3, fallbackIndex: 1, attempt: other });
  });

  it('and first bytes are timed from the arrival, the first byte never at zero', () => {
    const course = courseOf();
    expect(course.firstByteAfterMs).toBe(0);
    course.firstByte();
    expect(course.firstByteAfterMs).toBeGreaterThanOrEqual(1);
    expect(course.elapsedMs()).toBeGreaterThanOrEqual(0);
  });
});
