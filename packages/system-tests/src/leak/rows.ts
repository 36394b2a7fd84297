/** A test by its file and its title, as they stand in the repository. */
export type NamedTest = readonly [file: string, title: string];

/** What covers one way in which content has escaped elsewhere, or why it cannot happen here. */
export interface RowCover {
  /** Outcomes of the matrix that walk this way; its search covers every sink. */
  readonly outcomes?: readonly string[];
  readonly tests?: readonly NamedTest[];
  /** Why there is nothing to test, or nothing yet. */
  readonly because?: string;
}

const leak = (title: string): NamedTest => ['packages/system-tests/src/leak/leak.test.ts', title];
const matrix = (title: string): NamedTest => ['packages/system-tests/src/leak/matrix.test.ts', title];
const router = (file: string, title: string): NamedTest => [`apps/router/src/${file}.test.ts`, title];
const kit = (file: string, title: string): NamedTest => [`packages/service-kit/src/${file}.test.ts`, title];
const ingest = (file: string, title: string): NamedTest => [`apps/accounting/src/${file}.test.ts`, title];

const allSinks = [
  leak('no table of any database has it'),
  leak('no face shows it'),
  leak('no file has it after a stop'),
];
const noCache = 'no answer is kept: there is no cache of any kind, and no Redis';
const objects = (title: string): NamedTest => ['packages/system-tests/src/zdr/key-fence.test.ts', title];
const noSpans = 'no span is made and no collector is known: there is no OpenTelemetry in the house yet';

/** The rows by their ids. A test holds the names against the repository and the outcomes against the matrix. */
export const rows: Readonly<Record<string, RowCover>> = {
  // A. A switch that is not honoured on some path.
  L01: { outcomes: ['echo', 'every-field', 'reasoning'], tests: allSinks },
  L02: {
    outcomes: [
      'fault 400',
      'fault 401',
      'fault 403',
      'fault 429',
      'fault 500',
      'fault 529',
      'fault hang',
      'fault reset',
      'left amid the answer',
    ],
    tests: allSinks,
  },
  L03: {
    tests: [
      matrix('that the built router serves each have an entry, and each entry is served'),
      matrix('a new one, written %s, turns this red'),
    ],
  },
  L04: { tests: [matrix('has every pair of factors, and for ZDR every cell')] },
  L05: { tests: [matrix('that its source names anywhere each have an entry')] },
  L06: { tests: [leak('a key that logs gets its payload back through the API, any other has none')] },
  L07: { tests: [matrix('have a canary in every field that can hold words'), ...allSinks] },
  L08: { tests: [objects('under ZDR no object is put, not even a sealed one')] },
  L09: {
    because: 'a payload and a raw request leave sealed or not at all',
    tests: [
      objects('under ZDR no object is put, not even a sealed one'),
      router('insight/layer-1', 'a key that moved or vanished between the two decisions is unknown'),
    ],
  },
  L10: { tests: [leak('no table of any database has it')] },
  L11: {
    tests: [
      [
        'packages/contracts/src/telemetry/codec.test.ts',
        'rejects an unknown field, so that no later version can smuggle text past this one',
      ],
      ingest('store/migrations', 'agree with the schema the code reads by'),
    ],
  },
  L12: { tests: [router('policy/policy-store', 'is closed and unusable before the first snapshot')] },
  L13: {
    tests: [
      router('policy/from-wire', 'logs only if it says so with exactly true'),
      router('policy/policy-store', 'loads nothing of a message that does not hold together'),
    ],
  },
  L15: {
    outcomes: [
      'an unknown wish',
      'a wish of the wrong type',
      'our object of the wrong type',
      'asked not to keep',
    ],
    tests: [leak('a key that logs gets its payload back through the API, any other has none')],
  },
  L16: {
    outcomes: ['asked not to keep', 'asked not to collect'],
    tests: [leak('each request is billed once, whatever became of it')],
  },
  L17: { because: noSpans },
  L18: {
    because: 'media is never taken out of a request; its bytes are canaries like any other',
    tests: [matrix('hold each canary once'), ...allSinks],
  },
  // B. Fields that a redactor forgets.
  L20: { outcomes: ['echo', 'tools', 'every-field'], tests: allSinks },
  L21: {
    tests: [
      router(
        'insight/telemetry-always-fits',
        'every model of the catalogue has a name that is stored, and every provider and region an identifier',
      ),
      ...allSinks,
    ],
  },
  L22: { tests: [matrix('have a canary in every field that can hold words')] },
  L23: { outcomes: ['every-field', 'refusal', 'reasoning', 'structured'], tests: allSinks },
  L25: { because: 'there are no hooks and no guardrails' },
  L26: { outcomes: ['every-field'], tests: allSinks },
  L27: {
    outcomes: ['echo', 'a field of ours that is no list'],
    tests: [leak('no table of any database has it')],
  },
  L28: {
    outcomes: ['echo', 'the list of models', 'two hundred headers'],
    tests: [router('dialects/forwarded-headers', 'are none but those the endpoint names')],
  },
  L29: { outcomes: ['an unknown key', 'an unknown x-api-key', 'basic authentication'], tests: allSinks },
  // C. Errors, exceptions, parse failures.
  L30: { outcomes: ['fault 400', 'a value that the provider refuses'], tests: allSinks },
  L31: {
    outcomes: [
      'fault mid-stream-error',
      'fault bad-json',
      'fault unknown-finish',
      'fault wrong-content-type',
    ],
    tests: allSinks,
  },
  L32: {
    because: 'nothing counts tokens of content, fetches images or checks schemas on the way',
    outcomes: ['what was said of the wrong type', 'a lone surrogate', 'not UTF-8'],
  },
  L33: { because: 'there is no access log', tests: [leak('no file has it after a stop')] },
  L35: {
    outcomes: [
      'malformed JSON',
      'malformed JSON, a quote too few',
      'truncated JSON',
      'JSON with a bad escape',
      'fault bad-json',
    ],
    tests: [kit('rest/read-json', 'leaves nothing in the log')],
  },
  L36: { outcomes: ['fault bad-json', 'fault truncated-chunk', 'fault cut', 'fault drip'], tests: allSinks },
  L37: {
    outcomes: ['fault 500', 'fault 500-then-ok', 'fault 429-then-ok', 'fault reset-then-ok'],
    tests: [router('routing/call-with-fallback', 'says nothing of the error that caused it')],
  },
  L38: {
    tests: [
      kit('safe/errors', 'hold nothing of any message, however it is made'),
      router('http/server', 'that throw are answered with a closed error, and nothing is printed'),
    ],
  },
  L39: { tests: [kit('safe/log', 'cannot come in by any string')] },
  L41: {
    tests: [
      ingest(
        'store/store-error',
        'are found below an error of drizzle, whose message holds statement and parameters',
      ),
      [
        'apps/cli/src/up/cluster/prepare-databases.test.ts',
        'never see a password: not in the write-ahead log, the tables or the server log',
      ],
    ],
  },
  L42: { because: noCache },
  L43: { because: noCache, tests: [leak('no table of any database has it')] },
  L45: {
    outcomes: ['fault reset', 'an unknown provider'],
    tests: [ingest('rest/rest-app', 'is a 503 without a word of it, and comes back')],
  },
  // D. Debug, traces, alerts, side files.
  L46: {
    because: 'no level of the log prints more words than another: values are closed',
    tests: [kit('safe/log', 'cannot come in by any string')],
  },
  L47: {
    because: 'no switch widens what is printed',
    tests: [
      [
        'packages/event-log/src/kafka/real-broker.test.ts',
        'prints nothing, whatever the environment asks kafkajs to print',
      ],
    ],
  },
  L49: {
    because:
      'the embedded form has no proxy, collector or broker; Postgres prints into the log folder, which is searched',
    tests: [leak('no file has it after a stop')],
  },
  L50: { because: noSpans },
  L51: { because: noSpans },
  L52: { because: noSpans },
  L53: { because: 'no alert is sent anywhere', outcomes: ['fault hang', 'fault slow-head'] },
  L54: {
    because: 'there is no live view of requests',
    tests: [ingest('rest/requests-routes', 'nobody anything without a token')],
  },
  L55: { because: noCache },
  L56: { because: noCache },
  L57: {
    tests: [
      ['packages/system-tests/src/bad-input/provider.test.ts', '%s'],
      kit('rest/rest-app', 'is not to be cached, unless a route says otherwise'),
    ],
  },
  L58: {
    tests: [
      leak('the router holds no file that it could write to'),
      leak('no file has it after a kill -9 of everything'),
    ],
  },
  L59: {
    tests: [
      ['packages/system-tests/src/residue/residue.test.ts', 'keeps nothing while others use it'],
      leak('no file has it after a kill -9 of everything'),
    ],
  },
  L60: { tests: [leak('no provider keeps anything of what an organization with ZDR sends')] },
  L61: {
    tests: [
      router(
        'routing/call-with-fallback',
        'is prepared anew, and is not made when the policy has tightened meanwhile',
      ),
      router(
        'dialects/request-edits',
        'store is forced false where the provider takes it, and gone where it does not',
      ),
    ],
  },
  L62: {
    outcomes: ['a hosted tool refused', 'a remote MCP server refused'],
    tests: [router('dialects/watched-places', 'refuses whatever is not allowed, of any kind')],
  },
  L64: {
    because:
      'timings of single chunks are not stored; counts of short answers are, which the threat model says',
  },
  L65: {
    tests: [ingest('ingest/gate-races', 'A: a payload that meets an uncommitted seal waits and is refused')],
    because: 'traffic during the switch comes with the barrier of ZDR',
  },
  L66: {
    tests: [
      router(
        'policy/subscribe',
        'lets the lease run out: then the gate is closed, and known keys are served on',
      ),
    ],
  },
  L67: {
    tests: [
      router(
        'policy/policy-store',
        'refuses a snapshot older than what it has: a restored database grants nothing',
      ),
      ingest('ingest/gate-races', 'refuses "%s", even to a superuser in replica mode'),
    ],
  },
  L68: {
    because:
      'the catalogue names the policy of each provider with its source; a filter for strict ZDR comes with routing by policy',
  },
};
