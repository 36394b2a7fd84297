import type { FieldSink, GrammarWalk } from './grammar-walk.js';
import { ScanFault } from './scan-fault.js';
import type { Machine } from './simd/machine.js';
import { compilePaths } from './watch/compile-paths.js';
import { Hits } from './watch/hits.js';
import { scalarSkim } from './watch/scalar-skim.js';
import { simdSkim } from './watch/simd-skim.js';
import { ByteSpan } from './watch/span.js';

type Maker = (fields: FieldSink, nestingMax: number) => GrammarWalk;

const long = 'a'.repeat(150);
const documents: readonly string[] = [
  `{"model":"m\\n\\u00e9\\ud83d\\ude00","messages":[{"a":[1,-2.5e3,true],"b":{}},null,"${long}"],"x":false} `,
  ` { "k" : [ ] , "${long}" : "é${long}\\"${long}" , "n" : 0 } `,
  `{"a":"${long}\u0001"}`,
  `{"a":"${long}\\ud800${long}"}`,
  '{"a":[1,01]}',
  '{"a":1e999}',
  '{"a":[[[[[[]]]]]]}',
  '{"a":tru,"b":1}',
  '{"\\u0061":1}',
  '[1]',
  '{"a":1}}',
  '{"a":',
];

/** Everything a walk told of a document, in numbers and words of ours. */
const account = (make: Maker, document: Buffer, cut: number): string => {
  const told: (string | number)[] = [];
  const sink: FieldSink = {
    beginKey: (start) => told.push('key', start),
    keyPart: (_chunk, start, end) => told.push('part', end - start),
    endKey: (_chunk, start, end, at) => told.push('end', end - start, at),
    beginValue: (kind, start) => told.push(kind, start),
    endValue: (end) => told.push('value', end),
  };
  const walk = make(sink, 6);
  try {
    walk.walk(document.subarray(0, cut));
    walk.walk(document.subarray(cut));
    told.push(walk.progress, walk.objectStart, walk.progress === 'whole' ? walk.objectEnd : 0);
  } catch (error) {
    if (!(error instanceof ScanFault)) throw error;
    told.push(error.code, error.at);
  }
  walk.wipe();
  return told.join(' ');
};

/** Whether two engines say the same of a few documents that touch every part of the grammar, cut at some places. */
export const isEqualToScalar = (make: Maker, scalar: Maker): boolean =>
  documents.every((text) => {
    const document = Buffer.from(text);
    const cuts = [0, 1, 7, document.length >> 1, document.length - 1];
    return cuts.every((cut) => account(make, document, cut) === account(scalar, document, cut));
  });

const watch = compilePaths(['a[].b', 'a[].c[].d']);
const watched = [
  `[{"b":"x","${long}":{"b":["}\\"",{}]},"c":[{"d":1},{"d":"${long}"}],"\\u0062":0},"${long}\\\\",[],{"b":null}]`,
  ' { "b" : 1 } ',
];

/** Whether the second mode of the engine tells the same places as the plain one. */
export const skimsAsScalar = (machine: Machine): boolean =>
  watched.every((text) => {
    const bytes = Buffer.from(text);
    const [told, expected] = [simdSkim(machine), scalarSkim].map((skim) => {
      const span = new ByteSpan([bytes], 0, bytes.length);
      const hits = new Hits('a', span, 100);
      skim(watch, 1, span, hits);
      return JSON.stringify(hits.list);
    });
    return told === expected;
  });
