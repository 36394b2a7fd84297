import { parseArgs } from 'node:util';
import { Problem } from './problem.js';

/** What `npm run bench --` was asked for. */
export interface Settings {
  readonly cells: readonly string[];
  readonly peers: readonly string[];
  readonly quick: boolean;
  /** Before the other processes of the machine, as far as the kernel lets it. */
  readonly first: boolean;
  readonly json?: string;
  /** The built checkout whose router is measured; this one when absent. */
  readonly checkout?: string;
  /** A second built checkout, whose router is measured beside it. */
  readonly against?: string;
  /** Flags of Node for that second router, which is of the same checkout when there is no other. */
  readonly againstFlags?: string;
  /** Where a second router, without the launcher's restrictions, writes where it spent its time. */
  readonly profile?: string;
}

const names = (text: string | undefined, known: readonly string[], what: string): readonly string[] => {
  if (text === undefined) return known;
  const wanted = text.split(',').filter((name) => name !== '');
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Problem(`There is no ${what} of that name. Known: ${known.join(', ')}.`);
  return known.filter((name) => wanted.includes(name));
};

/** Reads the command line. Throws Problem. */
export const readSettings = (
  args: readonly string[],
  known: { readonly cells: readonly string[]; readonly peers: readonly string[] },
): Settings => {
  const options = {
    cells: { type: 'string' },
    peers: { type: 'string' },
    quick: { type: 'boolean' },
    first: { type: 'boolean' },
    json: { type: 'string' },
    checkout: { type: 'string' },
    against: { type: 'string' },
    'against-flags': { type: 'string' },
    profile: { type: 'string' },
  } as const;
  const read = (() => {
    try {
      return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
    } catch {
      throw new Problem(
        'Usage: npm run bench -- [--cells a,b] [--peers a,b] [--quick] [--first] [--json FILE] [--checkout BUILT] [--against BUILT] [--against-flags=FLAGS] [--profile FOLDER]',
      );
    }
  })();
  return {
    cells: names(read.cells, known.cells, 'cell'),
    peers: names(read.peers, known.peers, 'peer'),
    quick: read.quick === true,
    first: read.first === true,
    ...(read.json !== undefined && { json: read.json }),
    ...(read.checkout !== undefined && { checkout: read.checkout }),
    ...(read.against !== undefined && { against: read.against }),
    ...(read.profile !== undefined && { profile: read.profile }),
    ...(read['against-flags'] !== undefined && { againstFlags: read['against-flags'] }),
  };
};
