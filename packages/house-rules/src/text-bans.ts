/** A ban on text, with what to write instead. `allowed` names the few files that may. */
export interface TextBan {
  readonly name: string;
  readonly pattern: RegExp;
  readonly instead: string;
  readonly allowed?: RegExp;
  readonly testsToo?: boolean;
}

const nowhere = /^$/;

/** The bans of the house. A test holds each against every source file, and each against a line that breaks it. */
export const textBans: readonly TextBan[] = [
  {
    name: 'console',
    pattern: /\bconsole\.(?:log|error|warn|info|debug|trace|dir)\b/,
    instead: 'use createLogger of @lethe/service-kit; in the cli write to process.stdout',
    testsToo: true,
  },
  {
    name: 'any',
    pattern: /\bas any\b|: any\b|<any>|\bany\[\]/,
    instead: 'use unknown and narrow it',
    testsToo: true,
  },
  {
    name: 'ts-ignore',
    pattern: /@ts-(?:ignore|nocheck|expect-error)/,
    instead: 'fix the type',
    testsToo: false,
  },
  {
    name: 'reveal',
    pattern: /\.reveal\(/,
    instead:
      'keep the value opaque; the few files that may open one are listed in packages/house-rules/src/text-bans.ts',
    allowed:
      /^packages\/service-kit\/src\/(?:safe\/opaque|grpc\/grpc-client|tls\/tls-identity)\.ts$|^apps\/router\/src\/providers\/client\/[a-z-]+\.ts$|^apps\/[a-z-]+\/src\/(?:app|config)\.ts$/,
  },
  {
    name: 'framework bag',
    pattern: /\bc\.(?:set|get)\(['"]/,
    instead: 'pass values as arguments; the context is no bag',
  },
  {
    name: 'JSON.parse',
    pattern: /\bJSON\.parse\(/,
    instead:
      'its error quotes the input: put it into a codec or body reader that maps the error to a closed code, and list that file',
    allowed:
      /^packages\/service-kit\/src\/(?:process\/launch|rest\/read-json)\.ts$|(?:^|[/-])(?:codec|json-codec|small-json)\.ts$|-codec\.ts$|^packages\/(?:system-tests|house-rules)\/|^apps\/[a-z-]+\/(?:test-|src\/testing\/)/,
  },
  {
    name: 'createRequire',
    pattern: /\bcreateRequire\b/,
    instead: 'it is invisible to the import rules; use import or import.meta.resolve',
    allowed: /^packages\/house-rules\/src\/text-bans\.ts$/,
    testsToo: true,
  },
  {
    name: 'skip or only',
    pattern: /\b(?:it|test|describe)\.(?:skip|only|todo)\(|\bx(?:it|describe)\(/,
    instead: 'let the test run, or skip with a loud reason through a helper that fails in CI',
    testsToo: true,
  },
  {
    name: 'content given to a logger',
    pattern: /\blog\.\w+\([^;]*\b(?:payload|messages|choices|tools|prompt|body)\s*[:,}]/,
    instead: 'log counts, ids and closed codes',
  },
  {
    name: 'leftover',
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    instead: 'do it, or write it into the closing note',
  },
  {
    name: 'allocUnsafe',
    pattern: /\ballocUnsafe\(/,
    instead:
      'pooled memory holds old plaintext: use Buffer.alloc, or allocUnsafeSlow for a private read buffer that is zeroed',
  },
  {
    name: 'wall clock in the lease',
    pattern: /\bDate\.now\(/,
    instead: 'a stepped wall clock would lengthen a lease: use the two monotonic clocks',
    allowed: /^(?!apps\/router\/src\/policy\/|packages\/policy-sync\/)/,
  },
  {
    name: 'machine path',
    pattern: /\/work\/(?:main|shared)|\/tmp\/bash_jobs|\/root\//,
    instead: 'find it relative to the repository',
    allowed: /^packages\/house-rules\/src\/text-bans\.ts$/,
    testsToo: true,
  },
  {
    name: 'error text passed on',
    pattern: /\b(?:error|err|e|cause)\.(?:message|stack)\b/,
    instead: 'map to a closed code; errorFacts() gives what may be logged',
    allowed:
      /^packages\/service-kit\/src\/(?:safe\/errors|process\/run-service)\.ts$|^apps\/cli\/|^packages\/(?:system-tests|house-rules|test-servers)\//,
  },
];

/** The lines of one file that break a ban, as `path:line`. */
export const breaches = (ban: TextBan, path: string, text: string): string[] => {
  const isTest = /\.(?:test|contract)\.ts$/.test(path);
  if ((isTest && ban.testsToo !== true) || (ban.allowed ?? nowhere).test(path)) return [];
  return text.split('\n').flatMap((line, index) => (ban.pattern.test(line) ? [`${path}:${index + 1}`] : []));
};
