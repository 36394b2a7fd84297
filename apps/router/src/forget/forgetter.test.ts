import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@lethe/service-kit';
import { registerForgetMetrics } from './forget-metrics.js';
import { Forgetter } from './forgetter.js';
import type { Scrub } from './scrub.js';

/** A scrub that does as it is told. */
class Scripted implements Scrub {
  passes = 0;
  atOnce = 0;
  closed = false;
  fails = false;
  /** When set, a pass waits until it is called. */
  hold: (() => void) | undefined;
  #atWork = 0;

  async pass(): Promise<void> {
    this.passes++;
    this.#atWork++;
    this.atOnce = Math.max(this.atOnce, this.#atWork);
    if (this.hold !== undefined)
      await new Promise<void>((resolve) => {
        this.hold = resolve;
      });
    this.#atWork--;
    if (this.fails) throw new Error('CANARY-7f1f');
  }

  close(): void {
    this.closed = true;
  }
}

const until = async (holds: () => boolean): Promise<void> => {
  for (let waits = 0; !holds(); waits++) {
    if (waits > 2_000) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
const someTicks = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 30));

describe('Forgetter', () => {
  const lines: string[] = [];
  let scrub: Scripted;
  let forgetter: Forgetter;
  let nowMs = 0;
  let inUse = false;
  const start = (): void => {
    scrub = new Scripted();
    forgetter = new Forgetter({
      scrubs: [scrub],
      log: createLogger('router', (line) => lines.push(line)),
      inUse: () => inUse,
      periodMs: 2,
      now: () => nowMs,
    });
  };
  afterEach(() => {
    forgetter.close();
    inUse = false;
    lines.length = 0;
  });

  it('makes one round at the start, and then two passes for each time something passed', async () => {
    start();
    await until(() => forgetter.rounds === 1);
    await someTicks();
    expect([forgetter.rounds, scrub.passes]).toEqual([1, 2]);
    forgetter.markDirty();
    forgetter.markDirty();
    await until(() => forgetter.rounds === 2);
    await someTicks();
    expect([forgetter.rounds, scrub.passes, scrub.atOnce]).toEqual([2, 4, 1]);
  });

  it('goes on by itself while content passes', async () => {
    start();
    inUse = true;
    await until(() => forgetter.rounds > 5);
    inUse = false;
    await someTicks();
    const { rounds } = forgetter;
    await someTicks();
    expect(forgetter.rounds).toBe(rounds);
  });

  it('begins no round during another, and none is lost that was asked for meanwhile', async () => {
    start();
    await until(() => forgetter.rounds === 1);
    scrub.hold = () => undefined;
    forgetter.markDirty();
    await until(() => scrub.passes === 3);
    forgetter.markDirty();
    await someTicks();
    expect(scrub.passes).toBe(3);
    const { hold } = scrub;
    scrub.hold = undefined;
    hold();
    await until(() => forgetter.rounds === 3);
    expect(scrub.atOnce).toBe(1);
  });

  it('says that it fails, is behind after five seconds, and catches up', async () => {
    start();
    await until(() => forgetter.rounds === 1);
    scrub.fails = true;
    forgetter.markDirty();
    await until(() => forgetter.failures >= 5);
    expect(forgetter.keepsUp).toBe(true);
    nowMs += 5_001;
    expect(forgetter.keepsUp).toBe(false);
    const registry = createMetrics('router');
    registerForgetMetrics(registry, forgetter);
    expect(await registry.metrics()).toMatch(/^lethe_router_forget_keeps_up\{.*\} 0$/m);
    expect(lines.join('')).toContain('"event":"forget.failed"');
    expect(lines.join('')).not.toContain('CANARY');
    expect(lines.length).toBeLessThanOrEqual(Math.log2(forgetter.failures) + 1);
    scrub.fails = false;
    await until(() => forgetter.keepsUp);
    expect(await registry.metrics()).toMatch(/^lethe_router_forget_keeps_up\{.*\} 1$/m);
    nowMs += 60_000;
    expect(forgetter.keepsUp).toBe(true);
  });

  it('stops for good', async () => {
    start();
    await until(() => forgetter.rounds === 1);
    forgetter.close();
    forgetter.markDirty();
    await someTicks();
    expect([scrub.closed, forgetter.rounds]).toEqual([true, 1]);
  });
});
