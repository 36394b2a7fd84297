import { strict as assert } from 'node:assert';
import { describe, expect, it, jest } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import fc from 'fast-check';
import {
  type GrammarWalkMaker,
  machine,
  openTestedMachine,
  scalarWalk,
  scannerEngine,
  simdWalk,
} from './engine.js';
import { scannerWasm } from './gen/scanner-wasm.js';
import { JsonScanner } from './json-scanner.js';
import { openMachine } from './simd/machine.js';
import { canary, cut, cuts, document, longDocument, mutate, mutation, soup } from './testing/documents.js';
import { knownNames } from './top-level-fields.js';
import { compilePaths } from './watch/compile-paths.js';
import { findPaths, type Skim } from './watch/find-paths.js';
import { scalarSkim } from './watch/scalar-skim.js';
import { simdSkim } from './watch/simd-skim.js';

const isLong = process.env.LETHE_LONG === '1';
jest.setTimeout(isLong ? 3_600_000 : 120_000);
/** A million cases in the long run, shared by the properties below in these parts. */
const share = (part: number) => ({ seed: 7, numRuns: Math.round((isLong ? 1_000_000 : 15_000) * part) });

const names = knownNames(['model', 'messages', 'stream', 'a', 'é']);
const limits = { nestingMax: 20, topLevelFieldsMax: 12 };
const simd = simdWalk(machine!);

/** All that a scan says of a document: its fields, or its error as it would be written down. */
const account = (make: GrammarWalkMaker, chunks: readonly Buffer[]): string => {
  const bytesTotal = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const scanner = new JsonScanner(names, limits, make);
  try {
    for (const chunk of chunks) scanner.feed(chunk);
    const { objectStart, objectEnd, fields } = scanner.finish();
    const offsets = [
      objectStart,
      ...fields.flatMap((f) => [f.keyStart, f.valueStart, f.valueEnd]),
      objectEnd,
    ];
    const isWithin = offsets.every((at, index) => at >= (offsets[index - 1] ?? 0) && at <= bytesTotal);
    return JSON.stringify([isWithin ? 'within' : 'OUT OF BOUNDS', objectStart, objectEnd, fields]);
  } catch (error) {
    if (!(error instanceof LetheError)) throw error;
    return JSON.stringify({ ...error, text: `${error}` });
  } finally {
    scanner.wipe();
  }
};

/** Both engines say the same, whatever the document is cut at, and neither quotes it. */
const agree = (bytes: Buffer, at: readonly number[], make: GrammarWalkMaker = simd): boolean => {
  const expected = account(scalarWalk, [bytes]);
  if (expected.includes('OUT OF') || expected.includes(canary)) return false;
  const chunks = cut(bytes, at);
  return [account(scalarWalk, chunks), account(make, chunks), account(make, [bytes])].every(
    (said) => said === expected,
  );
};

const refusal = (error: unknown): string =>
  error instanceof LetheError ? `${error.code} ${error.param}` : `${error}`;

/** Reads documents chunk by chunk in turns, as concurrent uploads arrive. */
const inTurns = (documents: readonly (readonly Buffer[])[]): string[] => {
  const said: string[] = [];
  const open = documents.map((chunks) => ({ chunks, scanner: new JsonScanner(names, limits, simd) }));
  const turns = Math.max(...documents.map((chunks) => chunks.length));
  for (let turn = 0; turn <= turns; turn++) {
    open.forEach(({ chunks, scanner }, index) => {
      if (said[index] !== undefined) return;
      try {
        const chunk = chunks[turn];
        if (chunk !== undefined) scanner.feed(chunk);
        else said[index] = JSON.stringify(scanner.finish().fields);
      } catch (error) {
        said[index] = refusal(error);
        scanner.wipe();
      }
    });
  }
  return said;
};
const inOneGo = (chunks: readonly Buffer[]): string => {
  const scanner = new JsonScanner(names, limits, scalarWalk);
  try {
    for (const chunk of chunks) scanner.feed(chunk);
    return JSON.stringify(scanner.finish().fields);
  } catch (error) {
    return refusal(error);
  }
};

/** The compiled engine with one constant of its code made one larger, for each place that compares with a character. */
const changedEngines = (): Buffer[] => {
  const code = Buffer.from(scannerWasm, 'base64');
  const characters = [...Buffer.from('",:.- \n\r\t0+')];
  const changed: Buffer[] = [];
  for (let at = 0; at + 1 < code.length; at++) {
    // i32.const, its operand in one byte, and a comparison behind it.
    const isCompared = [0x46, 0x47, 0x48, 0x49, 0x4c].includes(code[at + 2]!);
    if (code[at] !== 0x41 || !characters.includes(code[at + 1]!) || !isCompared) continue;
    const copy = Buffer.from(code);
    copy[at + 1] = copy[at + 1]! + 1;
    changed.push(copy);
  }
  return changed;
};

/** Documents of every part of the grammar, small enough to try every byte at every place of them. */
const smallDocuments = [
  '{"model":1,"a":[true,false,null,{"b":"c","d":[-10,0.25]}],"stream":{},"x":[]}',
  ' {\t"a"\r\n: [ 10e+10 , -1E-20, 190.019e05 ] , "bb" : { "c" : { } , "d" : "" } } \n',
  `{"a":"\\n\\"\\\\\\/\\b\\f\\r\\t\\u09Af\\ud9aB\\uDcEf","é":"é","${'k'.repeat(20)}":"${'v'.repeat(20)}\\u0000${'v'.repeat(50)}\\n"}`,
];
const neighbours = (bytes: readonly number[], document: string): Buffer[] => {
  const original = Buffer.from(document);
  return [...original.keys()].flatMap((at) =>
    bytes.map((byte) => {
      const copy = Buffer.from(original);
      copy[at] = byte;
      return copy;
    }),
  );
};
const telling = [...Buffer.from('"#,-:;./01;+e}]x \n!')];
const everyByte = Array.from({ length: 256 }, (_, byte) => byte);
const triedBytes = isLong ? everyByte : [...telling, ...everyByte.filter((byte) => byte % 13 === 0)];

const samples: { readonly bytes: Buffer; readonly expected: string }[] = [
  ...smallDocuments.flatMap((text) => neighbours(telling, text)),
  ...fc.sample(longDocument, { seed: 5, numRuns: 300 }),
].map((bytes) => ({ bytes, expected: account(scalarWalk, [bytes]) }));
const watch = compilePaths(['f[].type', 'f[].a.type', 'f.a', 'f[]']);
const watchedValues = [
  '[{"type":"x","b":{"type":[1,{"c":"]}"}]},"a":{"type":-12.5}},true,[],{},null,false,"s\\"",7 , 8]',
  ` [ {\n"type" : "${'y'.repeat(64)}" , "t\\u0079pe":1,"n":"\\\\","a":{ "x" : [ ] , "type" : null }}\t] `,
  '{"a":"b\\n","c":[[[{"a":"}"}]]],"":{"a":1},"a" : [1,2],"aa":3,"a":0}',
];
const watchedHits = (skim: Skim): string =>
  watchedValues
    .map((text) => {
      const field = { name: 'f', valueStart: 0, valueEnd: Buffer.byteLength(text) };
      return JSON.stringify(findPaths(watch, cut(Buffer.from(text), [40]), field, { skim }));
    })
    .join();
const expectedHits = watchedHits(scalarSkim);

const notices = (engine: Buffer): boolean => {
  const opened = openMachine(engine);
  const changed = simdWalk(opened);
  const differs = (chunks: Buffer[], expected: string) => account(changed, chunks) !== expected;
  return (
    watchedHits(simdSkim(opened)) !== expectedHits ||
    samples.some(({ bytes, expected }) => differs([bytes], expected)) ||
    // Some of its code is only for tokens that are cut.
    samples.some(({ bytes, expected }, n) => n % 5 === 0 && differs(cut(bytes, [...bytes.keys()]), expected))
  );
};

describe('the two engines', () => {
  it('agree on valid documents', () => {
    fc.assert(
      fc.property(document, cuts, ({ bytes }, at) => agree(bytes, at)),
      share(0.2),
    );
  });

  it('agree on broken documents', () => {
    const changes = fc.array(mutation, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(document, changes, cuts, ({ bytes }, list, at) => agree(mutate(bytes, list), at)),
      share(0.3),
    );
  });

  it('agree on every document that differs by one byte from a small one', () => {
    for (const bytes of smallDocuments.flatMap((text) => neighbours(triedBytes, text)))
      assert.ok(agree(bytes, [bytes.length >> 1]), bytes.toString('latin1'));
  });

  it('agree on documents that are cut off', () => {
    fc.assert(
      fc.property(document, fc.nat(), cuts, ({ bytes }, end, at) =>
        agree(bytes.subarray(0, end % (bytes.length + 1)), at),
      ),
      share(0.1),
    );
  });

  it('agree on bytes of any kind', () => {
    fc.assert(
      fc.property(soup, cuts, (bytes, at) => agree(Buffer.from(bytes), at)),
      share(0.25),
    );
  });

  it('agree on long strings, numbers and nesting, broken where blocks of 16 and 64 bytes end', () => {
    fc.assert(
      fc.property(longDocument, fc.array(mutation, { maxLength: 1 }), cuts, (bytes, list, at) =>
        agree(mutate(bytes, list), at),
      ),
      share(0.145),
    );
  });

  it('agree on bodies that fill the input area several times, broken where it ends', () => {
    const places = fc.nat(40).map((n) => n - 20);
    const pieces = fc.constantFrom(
      '"',
      '\\',
      '\\u00e9',
      '\\ud83d\\ude00',
      '\\ud83d',
      'é',
      '\u0001',
      '"} ',
      '12',
    );
    fc.assert(
      fc.property(fc.constantFrom(32_768, 65_536, 98_304), places, pieces, cuts, (edge, shift, piece, at) => {
        const bytes = Buffer.from(`{"${canary}":1,"messages":["${'x'.repeat(110_000)}"],"model":[1]}`);
        bytes.write(piece, edge + shift);
        return agree(
          bytes,
          at.map((n) => n * 31 + edge),
        );
      }),
      share(0.005),
    );
  });

  it('agree when many documents are read in turns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(document, fc.array(mutation, { maxLength: 1 }), cuts), {
          minLength: 2,
          maxLength: 5,
        }),
        (list) => {
          const all = list.map(([{ bytes }, changes, at]) => cut(mutate(bytes, changes), at));
          expect(inTurns(all)).toEqual(all.map(inOneGo));
        },
      ),
      share(0.02),
    );
  });

  it('would be caught: engines with one changed constant are noticed', () => {
    const changed = changedEngines();
    expect(watchedHits(simdSkim(openMachine()))).toBe(expectedHits);
    const noticed = changed.filter(notices).length;
    process.stdout.write(`${noticed} of ${changed.length} changed engines were noticed\n`);
    expect(changed.length).toBeGreaterThan(10);
    expect(noticed / changed.length).toBeGreaterThan(0.8);
  });
});

describe('the choice of an engine', () => {
  it('is the compiled one where it can run', () => {
    expect(scannerEngine).toBe('wasm');
  });

  it('is the plain one when the other cannot be compiled or fails the self-test', () => {
    const unable = (): never => {
      throw new Error('no vectors');
    };
    expect(openTestedMachine(unable)).toBeUndefined();
    const wrong = changedEngines().filter((code) => openTestedMachine(() => openMachine(code)) === undefined);
    expect(wrong.length).toBeGreaterThan(0);
    expect(openTestedMachine()).toBeDefined();
  });
});
