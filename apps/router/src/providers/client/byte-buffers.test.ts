import { describe, expect, it } from '@jest/globals';
import { ByteBuffers } from './byte-buffers.js';

describe('a buffer', () => {
  it('that is given back is overwritten as far as it was used, and used again', () => {
    const buffers = new ByteBuffers(16);
    const buffer = buffers.take().fill(7);
    buffers.lend(buffer, 10);
    buffers.give(buffer);
    expect([...buffer]).toEqual([...Array(10).fill(0), ...Array(6).fill(7)]);
    expect(buffers.take()).toBe(buffer);
  });

  it('that is given back twice serves one only, and keeps what that one has read', () => {
    const buffers = new ByteBuffers(16);
    const buffer = buffers.take();
    buffers.lend(buffer, 16);
    buffers.give(buffer);
    buffers.give(buffer);
    expect(buffers.take()).toBe(buffer);
    expect(buffers.take()).not.toBe(buffer);
    buffer.fill(7);
    buffers.give(buffer);
    expect(buffer[0]).toBe(7);
  });

  it('whose loan has ended stays where it is', () => {
    const buffers = new ByteBuffers(16);
    const buffer = buffers.take();
    buffers.lend(buffer, 16);
    expect(buffers.endLoan(buffer)).toBe(true);
    expect(buffers.endLoan(buffer)).toBe(false);
    buffers.give(buffer);
    expect(buffers.take()).not.toBe(buffer);
  });

  it('of another size is overwritten, and not kept; nor are more than some', () => {
    const buffers = new ByteBuffers(16);
    const foreign = Buffer.alloc(20, 7);
    buffers.lend(foreign, 20);
    buffers.give(foreign);
    expect(foreign.equals(Buffer.alloc(20))).toBe(true);
    expect(buffers.take()).not.toBe(foreign);
    const many = Array.from({ length: 100 }, () => buffers.take());
    for (const buffer of many) buffers.lend(buffer, 16);
    for (const buffer of many) buffers.give(buffer);
    const kept = Array.from({ length: 100 }, () => buffers.take()).filter((buffer) => many.includes(buffer));
    expect(kept).toHaveLength(64);
  });
});
