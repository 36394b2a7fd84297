import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Patch, ScratchCopy } from '../leak/scratch-copy.js';
import { printFigures } from '../support/figures.js';
import { type ResidueCase, residueCases } from './cases.js';
import { runCase } from './run-cases.js';
import { startWorld, type World } from './world.js';

// The search is shown to find: each measure is taken out of a copy of the router, and something must be left then.

interface Control extends Patch {
  readonly secure: boolean;
  /** Cases of which something stays without the measure. */
  readonly found: readonly string[];
  /** Taken out with it: other measures to the same end. */
  readonly also?: readonly Patch[];
}

const http = 'apps/router/src/http';
const bothScrubs = 'scrubs: [new ParserSlab(), new TlsStack()],';

/** Node reads everything then, as it does whatever is not plain. */
const allByNode: Patch = {
  name: 'BUG_NOTHING_IS_PLAIN',
  file: 'apps/router/src/app.ts',
  search: '      plainPosts: posts,\n',
  replace: '',
};

const controls: readonly Control[] = [
  {
    name: 'BUG_BODY_NOT_WIPED',
    file: `${http}/chunk-list.ts`,
    search: 'for (const buffer of this.buffers) buffer.fill(0);',
    replace: '',
    secure: false,
    found: ['20 KB'],
  },
  {
    name: 'BUG_NO_PARSER_SLAB_SCRUB',
    file: 'apps/router/src/app.ts',
    search: bothScrubs,
    replace: 'scrubs: [new TlsStack()],',
    secure: false,
    found: ['no key'],
    also: [allByNode],
  },
  {
    name: 'BUG_NO_TLS_STACK_SCRUB',
    file: 'apps/router/src/app.ts',
    search: bothScrubs,
    replace: 'scrubs: [new ParserSlab()],',
    secure: true,
    found: ['20 KB'],
  },
  {
    name: 'BUG_NO_CLEANSE_OF_RECORDS',
    file: `${http}/listener.ts`,
    search: ', secureOptions: cleansePlaintext',
    replace: '',
    secure: true,
    found: ['16 leave in the upload', '1 MB', 'bad JSON', '200 KB'],
  },
  {
    name: 'BUG_BUFFERS_WRITTEN_TOGETHER',
    file: `${http}/listener.ts`,
    search: "Object.defineProperty(socket, '_writev', { value: undefined });",
    replace: '',
    secure: true,
    found: ['200 KB, stream', 'slow reader', '32 streams at once'],
    also: [
      allByNode,
      {
        name: 'BUG_WRITTEN_THROUGH_NODE',
        file: `${http}/choose-writer.ts`,
        search:
          'usesSocket || options.res instanceof PlainCall ? new SocketWriter(options) : new PublicWriter(options)',
        replace: 'new PublicWriter(options)',
      },
    ],
  },
  {
    name: 'BUG_SHARED_READ_KEPT',
    file: `${http}/plain/plain-connection.ts`,
    search: '      this.#feed(buffer, 0, count);\n      buffer.fill(0, 0, count);\n',
    replace: '      this.#feed(buffer, 0, count);\n',
    secure: false,
    found: ['20 KB', 'no key'],
  },
  {
    name: 'BUG_PACKET_OF_A_PARSE_ERROR_KEPT',
    file: `${http}/guard-sockets.ts`,
    search: 'error.rawPacket.fill(0)',
    replace: 'error.rawPacket.fill',
    secure: false,
    found: ['no HTTP at all'],
    also: [allByNode],
  },
  {
    name: 'BUG_UNREAD_BODY_DROPPED',
    file: `${http}/watch-traffic.ts`,
    search: 'chunk.fill(0);',
    replace: '',
    secure: false,
    found: ['a body where none is read'],
  },
];
const triesMax = 20;

describe('a router without one of its measures', () => {
  let scratch: ScratchCopy;
  const worlds = new Map<boolean, World>();
  let red = 0;
  beforeAll(async () => {
    scratch = new ScratchCopy();
    scratch.takeBuilt();
    for (const secure of [false, true]) worlds.set(secure, await startWorld(secure));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([...worlds.values()].map((world) => world.stop()));
    scratch?.remove();
    printFigures('residue controls', { measures: controls.length, 'found without them': red });
  });

  it.each(controls.map((control) => [control.name, control] as const))(
    '%s is found',
    async (_name, control) => {
      const undo = [control, ...(control.also ?? [])].map((patch) => scratch.apply(patch));
      scratch.build('apps/router');
      const world = worlds.get(control.secure) as World;
      const router = await world.startRouter({ root: scratch.root });
      const chosen = residueCases.filter(({ name }) => control.found.includes(name));
      expect(chosen.length).toBe(control.found.length);
      let left: readonly string[] = [];
      // What stays is a matter of what overwrites it by chance: several requests, as in any router's life.
      for (let tries = 0; tries < triesMax && left.length === 0; tries++)
        left = (await runCase(world, router, chosen[tries % chosen.length] as ResidueCase)).left;
      await router.stop();
      for (const each of undo.reverse()) each();
      expect(left.length).toBeGreaterThan(0);
      red++;
    },
    60_000,
  );
});
