import { describe, expect, it } from '@jest/globals';
import { codeOf } from '../contract/reading.contract.js';
import { EventLogError, type Position } from '../port.js';
import { type ProducerSession, SerialProducer } from './serial-producer.js';

const topic = 'lethe.insight.telemetry.v1';
const records = [{ key: null, value: Buffer.from('x') }];
const stored: Position[] = [{ partition: 0, offset: 7n }];

/** Sessions whose appends end as told; counts how many were opened and which were cut. */
const scripted = (appends: (() => Promise<readonly Position[]>)[]) => {
  const state = { opened: 0, cut: 0, ended: 0 };
  const connect = (): ProducerSession => {
    state.opened += 1;
    let isCut = false;
    return {
      append: () => (appends.shift() ?? (async () => stored))(),
      cut: () => {
        if (!isCut) state.cut += 1;
        isCut = true;
      },
      isCut: () => isCut,
      end: async () => {
        state.ended += 1;
      },
    };
  };
  const toEventLogError = (error: unknown) =>
    error instanceof EventLogError ? error : new EventLogError('unavailable');
  return { state, producer: new SerialProducer({ connect, toEventLogError, publishTimeoutMs: 50 }) };
};

const never = (): Promise<never> => new Promise(() => undefined);

describe('SerialProducer', () => {
  it('keeps a session that works and replaces one that failed', async () => {
    const { state, producer } = scripted([async () => stored, () => Promise.reject(new Error('x'))]);
    expect(await producer.publish(topic, records)).toEqual(stored);
    expect(state).toEqual({ opened: 1, cut: 0, ended: 0 });
    expect(await codeOf(producer.publish(topic, records))).toBe('unavailable');
    expect(state.cut).toBe(1);
    expect(await producer.publish(topic, records)).toEqual(stored);
    expect(state.opened).toBe(2);
  });

  it('ends a publish that gets no answer, and its connection with it', async () => {
    const { state, producer } = scripted([never]);
    expect(await codeOf(producer.publish(topic, records))).toBe('timeout');
    expect(state.cut).toBe(1);
    expect(await producer.publish(topic, records)).toEqual(stored);
  });

  it('rejects a running publish as soon as it is severed', async () => {
    const { state, producer } = scripted([never]);
    const running = producer.publish(topic, records);
    producer.sever();
    expect(await codeOf(running)).toBe('severed');
    expect(state.cut).toBe(1);
  });

  it('sends nothing more of a publish that was severed between two batches', async () => {
    let appends = 0;
    let sever = (): void => undefined;
    const { producer } = scripted([
      async () => {
        appends += 1;
        sever();
        return stored;
      },
      async () => {
        appends += 1;
        return stored;
      },
    ]);
    sever = () => producer.sever();
    const two = [1, 2].map(() => ({ key: null, value: Buffer.alloc(40_000) }));
    expect(await codeOf(producer.publish(topic, two))).toBe('severed');
    await new Promise((resolve) => setImmediate(resolve));
    expect(appends).toBe(1);
  });

  it('disconnects in order when closed', async () => {
    const { state, producer } = scripted([]);
    await producer.publish(topic, records);
    await producer.close();
    expect(state).toEqual({ opened: 1, cut: 1, ended: 1 });
  });
});
