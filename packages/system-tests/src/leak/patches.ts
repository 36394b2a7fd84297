import type { Patch } from './scratch-copy.js';

/** A protection that a patch removes, and the test that has to notice. */
export interface GuardedPatch extends Patch {
  readonly guard: string;
}

const layer1 = 'apps/router/src/insight/layer-1.test.ts';
const layer3 = 'apps/accounting/src/ingest/truth-table.test.ts';
const layer4Code = 'apps/admin-config/src/lockdown/truth-table.test.ts';
const layer4Database = 'apps/admin-config/src/lockdown/database-lockdown.test.ts';

const requestEdits = 'apps/router/src/dialects/request-edits.test.ts';
const faces = 'apps/router/src/dialects/faces.test.ts';
const watchedPlaces = 'apps/router/src/dialects/watched-places.test.ts';

/** One at least for each layer that stands, and for each dialect what keeps its provider from storing. */
export const guardedPatches: readonly GuardedPatch[] = [
  {
    name: 'BUG_LAYER1_IGNORES_ZDR',
    file: 'apps/router/src/insight/decide.ts',
    search: 'zdr: org?.zdr ?? true,',
    replace: 'zdr: false,',
    guard: layer1,
  },
  {
    name: 'BUG_LAYER1_FORGETS_THE_LEASE',
    file: 'apps/router/src/insight/decide.ts',
    search: "policy.gate.open() ? 'known' : 'stale'",
    replace: "'known'",
    guard: layer1,
  },
  {
    name: 'BUG_LAYER3_NO_GATE',
    file: 'apps/accounting/migrations/0003_ingest.sql',
    search: '  if v_sealed then\n    raise',
    replace: '  if false then\n    raise',
    guard: layer3,
  },
  {
    name: 'BUG_LAYER3_IGNORES_KEY_COPY',
    file: 'apps/accounting/src/ingest/decide-ingestion.ts',
    search: "  if (evidence.keyCopy.logging !== true) return 'key_not_logging';\n",
    replace: '',
    guard: layer3,
  },
  {
    name: 'BUG_LAYER4_NO_TRIGGER',
    file: 'apps/admin-config/migrations/0003_lockdown.sql',
    search: 'alter table config.organization enable always trigger guard_row;',
    replace: 'alter table config.organization disable trigger guard_row;',
    guard: layer4Database,
  },
  {
    name: 'BUG_LAYER4_NO_KEY_TRIGGER',
    file: 'apps/admin-config/migrations/0003_lockdown.sql',
    search: 'alter table config.api_key enable always trigger guard_row;',
    replace: 'alter table config.api_key disable trigger guard_row;',
    guard: layer4Database,
  },
  {
    name: 'BUG_LAYER4_NO_CODE',
    file: 'apps/admin-config/src/lockdown/key-flags.ts',
    search: "  if (decision === 'allowed') return 'change';",
    replace: "  if (decision !== 'no_change') return 'change';",
    guard: layer4Code,
  },
  {
    name: 'BUG_CHAT_METADATA_LEAVES',
    file: 'apps/router/src/dialects/openai/chat.ts',
    search: "stripped: ['metadata', ",
    replace: 'stripped: [',
    guard: requestEdits,
  },
  {
    name: 'BUG_RESPONSES_ARE_STORED',
    file: 'apps/router/src/dialects/openai/responses.ts',
    search: "store: 'always'",
    replace: "store: 'none'",
    guard: faces,
  },
  {
    name: 'BUG_RESPONSES_HOSTED_TOOLS',
    file: 'apps/router/src/dialects/openai/responses.ts',
    search: "      { path: 'tools[].type', allowed: callersTools },\n",
    replace: '',
    guard: watchedPlaces,
  },
  {
    name: 'BUG_COMPLETIONS_NAME_THE_USER',
    file: 'apps/router/src/dialects/openai/completions.ts',
    search: "opaque: ['user']",
    replace: 'opaque: []',
    guard: faces,
  },
  {
    name: 'BUG_EMBEDDINGS_NAME_THE_USER',
    file: 'apps/router/src/dialects/openai/embeddings.ts',
    search: "opaque: ['user']",
    replace: 'opaque: []',
    guard: faces,
  },
  {
    name: 'BUG_MESSAGES_STORED_FILES',
    file: 'apps/router/src/dialects/anthropic/messages.ts',
    search: 'watched: watchedInConversations',
    replace: 'watched: []',
    guard: watchedPlaces,
  },
  {
    name: 'BUG_COUNTS_OF_STORED_THREADS',
    file: 'apps/router/src/dialects/anthropic/count-tokens.ts',
    search: 'refused: storedConversationFields',
    replace: 'refused: []',
    guard: faces,
  },
];

const bodyReader = 'apps/router/src/http/read-body.ts';
/** Where a body is read that comes in pieces, and where one that came whole. */
const readings: readonly (readonly [search: string, bytes: string])[] = [
  ['      this.#scanner.feed(chunk);', 'chunk'],
  ['    scanner.feed(whole);', 'whole'],
];
const atEachReading = (name: string, leak: (bytes: string) => string): Patch[] =>
  readings.map(([search, bytes]) => ({
    name,
    file: bodyReader,
    search,
    replace: `${leak(bytes)}\n${search}`,
  }));

/** The router says what it reads. */
export const bugStdout: readonly Patch[] = atEachReading(
  'BUG_STDOUT',
  (bytes) => `process.stderr.write(${bytes});`,
);

const firstImport = "import type { ErrorCode } from '@lethe/contracts';";

/** The router keeps what it reads in a file. */
export const bugTmpfile = (path: string): Patch[] => [
  ...atEachReading('BUG_TMPFILE', (bytes) => `appendFileSync(${JSON.stringify(path)}, ${bytes});`),
  {
    name: 'BUG_TMPFILE',
    file: bodyReader,
    search: firstImport,
    replace: `import { appendFileSync } from 'node:fs';\n${firstImport}`,
  },
];

/** The launcher gives the router every right: what BUG_TMPFILE would do without the permission model. */
export const bugNoPermissions: Patch = {
  name: 'BUG_NO_PERMISSIONS',
  file: 'apps/cli/src/up/services/service-command.ts',
  search: '...routerPermissions(routerWorkers), ',
  replace: '',
};
