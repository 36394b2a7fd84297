import { kinds, layout, skimEvent } from '../simd/layout.js';
import type { Machine } from '../simd/machine.js';
import type { JsonKind } from '../types.js';
import type { Watch } from './compile-paths.js';
import type { Hits } from './hits.js';
import type { ByteSpan } from './span.js';

const nodeBytes = 16;
const edgeBytes = 12;

/** The watched paths as the engine reads them: nodes of four words, keys of three, then the letters of the keys. */
const encodeTable = ({ nodes }: Watch): Uint8Array => {
  const edges = nodes.flatMap(({ keys }) => [...keys]);
  const edgesStart = nodes.length * nodeBytes;
  const lettersStart = edgesStart + edges.length * edgeBytes;
  const letters = Buffer.from(edges.map(([key]) => key).join(''), 'latin1');
  const table = Buffer.alloc(lettersStart + letters.length);
  letters.copy(table, lettersStart);
  let edge = edgesStart;
  let letter = lettersStart;
  nodes.forEach(({ pattern, item, keys }, id) => {
    [pattern, item, edge, keys.size].forEach((word, index) => {
      table.writeInt32LE(word, id * nodeBytes + index * 4);
    });
    for (const [key, behind] of keys) {
      [letter, key.length, behind].forEach((word, index) => {
        table.writeInt32LE(word, edge + index * 4);
      });
      edge += edgeBytes;
      letter += key.length;
    }
  });
  return table;
};

const tables = new WeakMap<Watch, Uint8Array>();

/** Small blocks cost little to read again from the beginning of a key. */
const blockBytes = 32 * 1024;

const report = (machine: Machine, watch: Watch, base: number, hits: Hits): void => {
  const { events, skimEvents } = machine;
  for (let index = 0; index < skimEvents * 2; index += 2) {
    const what = (events[index] as number) & 0xffff;
    const extra = (events[index] as number) >>> 16;
    const offset = base + (events[index + 1] as number);
    if (what === skimEvent.stringEnd) hits.stringEnd(offset, extra !== 0);
    else if (what === skimEvent.escapedKey) hits.escapedKey(watch.nodes[extra]?.path ?? '');
    else hits.value(watch.paths[what] as string, kinds[extra] as JsonKind, offset);
  }
};

/** Walks one value in the compiled engine, which holds nothing of it afterwards. */
export const simdSkim =
  (machine: Machine) =>
  (watch: Watch, node: number, span: ByteSpan, hits: Hits): void => {
    let table = tables.get(watch);
    if (table === undefined) {
      table = encodeTable(watch);
      tables.set(watch, table);
    }
    machine.loadTable(table);
    machine.begin(node);
    try {
      for (let at = span.start; at < span.end; ) {
        const end = Math.min(span.end, at + Math.min(blockBytes, layout.inputMax));
        span.copy(machine.input(end - at), at, end);
        const taken = machine.skim(end - at);
        report(machine, watch, at, hits);
        // Only what is no JSON could hold it up.
        if (taken === 0 && machine.skimEvents === 0) break;
        at += taken;
      }
    } finally {
      machine.clearInput();
    }
  };
