import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Reply, until } from '../../test-client.js';
import { askWire, bodyJson, WIRES } from '../../test-wires.js';
import { decodeJson, objectOr } from '../json-codec.js';
import type { FaultKind } from '../models.js';
import { type SimulatedProvider, startSimulatedProvider } from '../simulated-provider.js';

let provider: SimulatedProvider;
beforeAll(async () => {
  provider = await startSimulatedProvider({ seed: 'faults' });
});
afterAll(() => provider.close());
afterEach(() => provider.reset());

const CANARY = 'canary 4711, twelve pieces of text';
const CASES = WIRES.flatMap((wire) =>
  (wire.streams ? [false, true] : [false]).map((stream) => ({ wire, stream, name: wire.endpoint })),
);

describe.each(CASES)('$name, stream: $stream', ({ wire, stream }) => {
  const fail = (kind: FaultKind, options: { leaveAfterBytes?: number } = {}): Promise<Reply> =>
    askWire(provider.url, wire, {
      model: `fault-${kind}`,
      text: CANARY,
      rest: stream ? { stream } : {},
      ...options,
    });
  const entry = () => provider.ledger().at(-1);
  const isVector = wire.endpoint === 'embeddings';
  const isCount = wire.endpoint === 'count_tokens';
  /** Something of the right answer: the text itself, or what stands for it. */
  const rightly = async (): Promise<string> => {
    const model = isVector ? 'embed' : 'echo';
    return wire.textOf(bodyJson(await askWire(provider.url, wire, { model, text: CANARY })));
  };
  const saidIn = (reply: Reply): string => (stream ? wire.streamedText(reply) : wire.textOf(bodyJson(reply)));

  it.each(['400', '401', '403', '429', '500', '529'] as const)('%s quotes the prompt', async (kind) => {
    const reply = await fail(kind);
    expect(reply.status).toBe(Number(kind));
    expect(wire.errorOf(bodyJson(reply)).message).toContain(CANARY);
    if (kind === '400') expect(JSON.stringify(wire.errorOf(bodyJson(reply)).details)).toContain(CANARY);
    expect(entry()).toMatchObject({ promptTokens: 0, completionTokens: 0, completed: true });
  });

  it.each(['gzip', 'informational', 'two-responses', 'huge-head', 'wrong-content-type', 'no-usage'] as const)(
    '%s lets the right answer through',
    async (kind) => {
      const reply = await fail(kind);
      const plain = kind === 'gzip' ? { ...reply, body: gunzipSync(reply.body) } : reply;
      const right = isCount && kind === 'no-usage' ? '' : await rightly();
      expect(saidIn(plain)).toBe(right);
      if (stream) expect(wire.hasEnd(plain)).toBe(true);
      if (kind === 'no-usage')
        expect(plain.body.toString()).not.toMatch(/"usage"|"(prompt|input|completion|output)_tokens/);
      if (kind === 'wrong-content-type') expect(reply.headers['content-type']).toMatch(/^text\/html/);
      expect(provider.ledger()[0]).toMatchObject({ status: 200, completed: true });
    },
  );

  it('unknown-finish quotes the prompt where the dialect says how it ended', async () => {
    const reply = await fail('unknown-finish');
    const finish = stream
      ? wire.streamedFinish(reply)
      : (bodyJson(reply).stop_reason ?? wire.finishOf(bodyJson(reply)));
    expect(finish).toBe(`unheard_of: ${CANARY}`);
  });

  it('mid-stream-error quotes the prompt and has no proper end', async () => {
    const reply = await fail('mid-stream-error');
    expect(reply).toMatchObject({ status: 200, ended: 'whole' });
    expect(reply.body.toString()).toContain(`working on: \\"${CANARY}`);
    expect(wire.hasEnd(reply)).toBe(false);
    expect(entry()?.completed).toBe(false);
    if (stream) expect(CANARY.startsWith(saidIn(reply))).toBe(true);
  });

  it.each(['reset-mid-stream', 'cut', 'cut-clean', 'truncated-chunk'] as const)(
    '%s gives half an answer',
    async (kind) => {
      const reply = await fail(kind);
      expect(reply.status).toBe(200);
      expect(reply.ended).toBe(kind === 'cut-clean' ? 'whole' : 'ECONNRESET');
      expect(reply.body.length).toBeGreaterThan(5);
      expect(entry()).toMatchObject({ completed: false, aborted: false, open: false });
      if (!stream) expect(decodeJson(reply.body)).toBeUndefined();
      else {
        expect(wire.hasEnd(reply)).toBe(false);
        if (kind !== 'truncated-chunk') expect(saidIn(reply).length).toBeLessThan(CANARY.length);
      }
    },
  );

  it('bad-json has the prompt in what cannot be read', async () => {
    const reply = await fail('bad-json');
    if (stream) {
      expect(reply.body.toString()).toContain(`${JSON.stringify(CANARY)},,`);
      expect(wire.hasEnd(reply)).toBe(true);
    } else expect(decodeJson(reply.body)).toBeUndefined();
  });

  it('redirect leads away', async () => {
    const reply = await fail('redirect');
    expect(reply.status).toBe(302);
    expect(decodeURIComponent(String(reply.headers.location))).toContain(CANARY);
  });

  it.each(['reset', 'endless-head'] as const)('%s gives no head', async (kind) => {
    await expect(fail(kind)).rejects.toThrow();
    await until(() => entry()?.open === false);
    expect(entry()).toMatchObject({ status: 0, completed: false });
  });

  it('endless never ends', async () => {
    const reply = await fail('endless', { leaveAfterBytes: 2_000 });
    expect(reply.ended).toBe('left');
    await until(() => entry()?.open === false);
    expect(entry()).toMatchObject({ status: 200, aborted: true });
    expect(entry()?.completionTokens).toBeGreaterThan(0);
    expect(objectOr(decodeJson(reply.body))).toEqual({});
  });

  it('drip sends the right answer, byte by byte', async () => {
    const reply = await fail('drip');
    expect(saidIn(reply)).toBe(await rightly());
    expect(provider.ledger()[0]).toMatchObject({ completed: true });
  });

  it('lying lengths promise too much or too little', async () => {
    const long = await fail('long-length');
    expect([long.status, long.ended]).toEqual([200, 'ECONNRESET']);
    expect(saidIn(long)).toBe(await rightly());
    const short = await fail('short-length');
    expect(short.body.length).toBe(Number(short.headers['content-length']));
    expect(short.body.length).toBeLessThan(long.body.length);
    expect(provider.ledger().at(-1)).toMatchObject({ status: 200, completed: false });
  });

  it('-then-ok answers the second time', async () => {
    const ask = () =>
      askWire(provider.url, wire, { model: 'fault-500-then-ok', text: CANARY, rest: { stream } });
    expect([(await ask()).status, (await ask()).status]).toEqual([500, 200]);
  });
});
