import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { canary } from './canary.js';
import { scanBytes } from './scan.js';
import { Searcher } from './searcher.js';
import { scanFolder } from './sinks/files.js';

const planted = canary('prompt');
const searcher = new Searcher([planted]);
const formsOf = (bytes: Buffer): string[] => scanBytes(searcher, 'sink', bytes).map(({ form }) => form);

describe('scanBytes', () => {
  it('unpacks gzip and zlib members amid other bytes', () => {
    const text = Buffer.from(`a log line with ${planted.text} in it`);
    for (const packed of [gzipSync(text), deflateSync(text)]) {
      expect(searcher.search(packed)).toEqual([]);
      expect(formsOf(Buffer.concat([Buffer.alloc(999, 7), packed, Buffer.alloc(99)]))).toContain(
        'plain, compressed',
      );
    }
  });

  it('unpacks what there is of a member that was cut off', () => {
    const text = Buffer.from(`${planted.text}${'and so on. '.repeat(400)}`);
    const packed = gzipSync(text);
    expect(formsOf(packed.subarray(0, packed.length - 12))).toContain('plain, compressed');
  });

  it.each([1, 3, 8])('joins pieces of %d characters over stream frames, in either order', (size) => {
    const pieces = planted.text.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
    const frames = pieces.map(
      (content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`,
    );
    expect(formsOf(Buffer.from(frames.join('')))).toContain('plain, in pieces');
    expect(formsOf(Buffer.from(frames.reverse().join('')))).toContain('plain, in pieces');
  });

  it.each([
    ['Responses', (piece: string) => ({ type: 'response.output_text.delta', delta: piece })],
    ['Messages', (piece: string) => ({ delta: { type: 'text_delta', text: piece } })],
    ['thoughts of Messages', (piece: string) => ({ delta: { type: 'thinking_delta', thinking: piece } })],
    ['calls of Messages', (piece: string) => ({ delta: { partial_json: piece } })],
    ['legacy completions', (piece: string) => ({ choices: [{ text: piece }] })],
  ])('joins the pieces of %s', (_, event) => {
    const pieces = planted.text.match(/.{1,4}/g) ?? [];
    const frames = pieces.map((piece) => `event: x\ndata: ${JSON.stringify(event(piece))}\n\n`);
    expect(formsOf(Buffer.from(frames.join('')))).toContain('plain, in pieces');
  });

  it('finds nothing where nothing is', () => {
    const text = `data: ${JSON.stringify({ choices: [{ delta: { content: 'well' } }] })}\n\n`.repeat(20);
    expect(formsOf(Buffer.concat([Buffer.from(text), gzipSync(text)]))).toEqual([]);
  });
});

describe('scanFolder', () => {
  it('reads every file below it, long ones across windows, and names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'leak-prover-'));
    mkdirSync(join(folder, 'deep', 'deeper'), { recursive: true });
    const long = Buffer.alloc(33 * 1024 * 1024);
    long.write(planted.text, 32 * 1024 * 1024 - 20);
    writeFileSync(join(folder, 'deep', 'long'), long);
    writeFileSync(join(folder, 'deep', 'deeper', 'short'), planted.text);
    writeFileSync(join(folder, 'clean'), 'nothing');
    writeFileSync(join(folder, `of ${planted.core}`), '');
    const { files, bytes, findings } = scanFolder(searcher, folder);
    rmSync(folder, { recursive: true });
    expect(files).toBe(4);
    expect(bytes).toBeGreaterThanOrEqual(long.length);
    const plain = findings
      .filter(({ form }) => form === 'plain' || form === 'fragment')
      .map(({ sink }) => sink);
    expect(new Set(plain)).toEqual(new Set(['deep/deeper/short', 'deep/long', 'file names']));
  });
});
