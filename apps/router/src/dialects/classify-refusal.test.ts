import { describe, expect, it, jest } from '@jest/globals';
import { type ErrorCode, errorCodes } from '@lethe/contracts';
import fc from 'fast-check';
import type { BodyEnd, BodySink, UpstreamResponse } from '../providers/types.js';
import { classifyRefusal } from './classify-refusal.js';
import { chatFace } from './openai/chat.js';

const canary = 'CANARY-7f1f';
const bytesMax = 4096;
const chatFields = Object.keys(chatFace.fields);

/** A provider's answer as its client hands it over: each read is overwritten once the sink is done with it. */
class ScriptedResponse implements UpstreamResponse {
  readonly headers: readonly (readonly [string, string])[];
  readonly reads: Buffer[];
  delivered = 0;
  aborted = false;

  constructor(
    readonly status: number,
    body: string | readonly string[] = '',
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.reads = [body].flat().map((text) => Buffer.from(`##${text}##`));
    this.headers = Object.entries(headers);
  }

  header(name: string): string | undefined {
    return this.headers.find(([key]) => key === name)?.[1];
  }

  async pipe(sink: BodySink): Promise<BodyEnd> {
    for (const read of this.reads) {
      if (this.aborted) return 'aborted';
      this.delivered += 1;
      expect(sink.data(read, 2, read.length - 2)).toBe('continue');
      read.fill(0);
    }
    return 'complete';
  }

  resume(): void {}
  release(): void {}
  abort(): void {
    this.aborted = true;
  }
}

const classify = (...[status, body, headers]: ConstructorParameters<typeof ScriptedResponse>) =>
  classifyRefusal(new ScriptedResponse(status, body, headers), chatFields, bytesMax);
const refusalBody = (param: unknown): string =>
  JSON.stringify({
    error: { message: `bad: ${canary}`, type: 'invalid_request_error', param, code: canary },
  });

describe('a refusal as closed facts', () => {
  it.each<[number, ErrorCode, boolean]>([
    [200, 'provider.malformed_response', false],
    [301, 'provider.malformed_response', false],
    [307, 'provider.malformed_response', false],
    [400, 'provider.invalid_request', false],
    [401, 'provider.unauthenticated', false],
    [402, 'provider.invalid_request', false],
    [403, 'provider.unauthenticated', false],
    [404, 'provider.not_found', false],
    [408, 'provider.timeout', true],
    [409, 'provider.invalid_request', false],
    [413, 'provider.invalid_request', false],
    [418, 'provider.invalid_request', false],
    [422, 'provider.invalid_request', false],
    [429, 'provider.rate_limited', true],
    [500, 'provider.failed', true],
    [501, 'provider.failed', true],
    [502, 'provider.failed', true],
    [503, 'provider.overloaded', true],
    [504, 'provider.timeout', true],
    [529, 'provider.overloaded', true],
    [599, 'provider.failed', true],
    [999, 'provider.failed', true],
  ])('%i is %s, worth another try: %s', async (status, code, retriable) => {
    expect(await classify(status, refusalBody(null))).toEqual({
      code,
      retriable,
      param: null,
      retryAfterSeconds: undefined,
    });
  });

  it('every status is some code', async () => {
    for (let status = 300; status < 600; status += 1)
      expect(Object.keys(errorCodes)).toContain((await classify(status)).code);
  });

  it.each([
    ['2', 2],
    ['0.2', 1],
    ['3600', 3600],
    ['86400', 3600],
    [undefined, undefined],
    ['', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['Infinity', undefined],
    [canary, undefined],
  ])('retry-after %s becomes %s seconds', async (value, seconds) => {
    const headers = value === undefined ? {} : { 'retry-after': value };
    expect((await classify(429, '', headers)).retryAfterSeconds).toBe(seconds);
  });

  it('retry-after as a date becomes the seconds until then', async () => {
    const headers = (ms: number) => ({ 'retry-after': new Date(Date.now() + ms).toUTCString() });
    const soon = (await classify(503, '', headers(20_000))).retryAfterSeconds;
    expect(soon).toBeGreaterThan(15);
    expect(soon).toBeLessThanOrEqual(20);
    expect((await classify(503, '', headers(-20_000))).retryAfterSeconds).toBeUndefined();
    expect((await classify(503, '', headers(1e9))).retryAfterSeconds).toBe(3600);
  });
});

describe('words of providers', () => {
  const anthropic = (type: string): string =>
    JSON.stringify({ type: 'error', error: { type, message: canary }, request_id: canary });
  const openai = (code: string): string =>
    JSON.stringify({ error: { message: canary, type: 'invalid_request_error', param: null, code } });

  it.each<[number, string, ErrorCode, boolean]>([
    [500, anthropic('overloaded_error'), 'provider.overloaded', true],
    [529, anthropic('overloaded_error'), 'provider.overloaded', true],
    [500, anthropic('rate_limit_error'), 'provider.rate_limited', true],
    [500, anthropic('timeout_error'), 'provider.timeout', true],
    [402, anthropic('billing_error'), 'provider.unauthenticated', false],
    [400, anthropic('permission_error'), 'provider.unauthenticated', false],
    [400, openai('data_residency_mismatch'), 'provider.residency_mismatch', false],
    [500, openai('data_residency_mismatch'), 'provider.residency_mismatch', false],
    [503, anthropic('data_residency_mismatch'), 'provider.residency_mismatch', false],
    // What says no more than the status, or is unknown, changes nothing.
    [400, anthropic('invalid_request_error'), 'provider.invalid_request', false],
    [500, anthropic('api_error'), 'provider.failed', true],
    [404, anthropic(canary), 'provider.not_found', false],
    [500, '"type": 7, "code", "type":', 'provider.failed', true],
  ])('%i %s is %s, worth another try: %s', async (status, body, code, retriable) => {
    const refusal = await classify(status, body);
    expect(refusal).toMatchObject({ code, retriable });
    expect(JSON.stringify(refusal)).not.toContain(canary);
  });

  it('cannot make a refused request worth repeating, nor be forged from within a text', async () => {
    for (const word of ['overloaded_error', 'rate_limit_error', 'timeout_error']) {
      const echoed = JSON.stringify({ detail: [{ type: 'x', input: { type: word } }] });
      for (const status of [400, 401, 404, 413, 422])
        expect((await classify(status, echoed)).retriable).toBe(false);
      const quoted = JSON.stringify({ error: { message: `{"type":"${word}"}` } });
      expect((await classify(500, quoted)).code).toBe('provider.failed');
    }
  });

  it('are read however they are spaced, and over any cut', async () => {
    const body = '{ "error" : { "type" :\n "invalid" , "code" : \t"data_residency_mismatch" } }';
    for (let at = 0; at < body.length; at += 1)
      expect((await classify(400, [body.slice(0, at), body.slice(at)])).code).toBe(
        'provider.residency_mismatch',
      );
  });
});

describe('the field a refusal names', () => {
  it.each([
    ['messages', 'messages'],
    ['messages[3].content', 'messages'],
    ['messages.0.content', 'messages'],
    ['temperature', 'temperature'],
    [canary, null],
    [`messages ${canary}`, null],
    [`temperature${canary}`, null],
    ['Temperature', null],
    ['__proto__', null],
    ['', null],
    [null, null],
    [7, null],
    [['messages'], null],
    ['x'.repeat(65), null],
  ])('%j is passed on as %j', async (param, expected) => {
    expect((await classify(400, refusalBody(param))).param).toBe(expected);
  });

  it('is read however it is spaced, and over any cut', async () => {
    const body = '{"error":{\n  "message": "x",\n  "param" :\n\t "top_p",\r\n "code":1}}';
    for (let at = 0; at < body.length; at += 1)
      expect((await classify(400, [body.slice(0, at), body.slice(at)])).param).toBe('top_p');
  });

  it('is told of refused requests alone', async () => {
    for (const status of [401, 404, 429, 500])
      expect((await classify(status, refusalBody('messages'))).param).toBeNull();
  });

  it('cannot be forged from within a text', async () => {
    const message = 'you sent {"param":"seed"} and "param": "seed"';
    expect((await classify(400, JSON.stringify({ error: { message, param: 'stop' } }))).param).toBe('stop');
    expect((await classify(400, JSON.stringify({ error: { message } }))).param).toBeNull();
  });

  it('is one of the known names, whatever bytes come', async () => {
    const near = fc.constantFrom('"param"', ':', ' ', '"', 'seed', '\\', '{', '[', '.', canary);
    const text = fc.array(fc.oneof(near, fc.string({ maxLength: 4 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 300, max: 599 }), async (parts, status) => {
        const refusal = await classify(status, parts.join(''), { 'retry-after': canary, 'x-info': canary });
        expect([null, ...chatFields]).toContain(refusal.param);
        expect(JSON.stringify(refusal)).not.toContain(canary);
      }),
      { seed: 5, numRuns: 1_500 },
    );
  });
});

describe('the body of a refusal', () => {
  it('leaves nothing in the result, though it was read', async () => {
    const quoting = JSON.stringify({
      error: { message: `You said: ${canary}`, param: 'messages', code: canary },
    });
    const refusal = await classify(400, quoting, { 'x-request-id': canary });
    expect(refusal).toEqual({
      code: 'provider.invalid_request',
      param: 'messages',
      retriable: false,
      retryAfterSeconds: undefined,
    });
  });

  it('is cut at its bound: the rest is not waited for, and what was read is what counts', async () => {
    const filler = 'x'.repeat(bytesMax);
    const endless = new ScriptedResponse(400, [filler.slice(100), filler, filler, '"param":"seed"']);
    expect((await classifyRefusal(endless, chatFields, bytesMax)).param).toBeNull();
    expect([endless.aborted, endless.delivered]).toEqual([true, 2]);
    const within = new ScriptedResponse(400, [`"param":"seed"${filler}`, filler]);
    expect((await classifyRefusal(within, chatFields, bytesMax)).param).toBe('seed');
    const short = new ScriptedResponse(400, ['{}', '"param":"seed"']);
    expect((await classifyRefusal(short, chatFields, bytesMax)).param).toBe('seed');
    expect(short.aborted).toBe(false);
  });

  it('is overwritten, every copy of it', async () => {
    const made: Buffer[] = [];
    const original = Buffer.alloc.bind(Buffer);
    const allocate = jest.spyOn(Buffer, 'alloc').mockImplementation((size: number) => {
      const buffer = original(size);
      made.push(buffer);
      return buffer;
    });
    const response = new ScriptedResponse(400, [`${canary} "param"`, `:"seed" ${canary}`]);
    const held: boolean[] = [];
    const before = response.header.bind(response);
    response.header = (name) => {
      held.push(made.some((buffer) => buffer.includes(canary)));
      return before(name);
    };
    expect((await classifyRefusal(response, chatFields, bytesMax)).param).toBe('seed');
    allocate.mockRestore();
    expect(held).toEqual([true]); // The check below can find it.
    for (const buffer of [...made, ...response.reads]) expect(buffer.every((byte) => byte === 0)).toBe(true);
  });
});
