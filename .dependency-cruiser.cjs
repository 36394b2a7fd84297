// The rooms of the house. Every rule is an error; its comment is what a contributor reads when CI fails.
// packages/house-rules/src/architecture-bite.test.ts breaks each rule in a scratch copy and expects red.
const tests = '\\.(test|contract)\\.ts$';
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'nothing-unresolvable',
      severity: 'error',
      comment: 'An import the graph cannot resolve is invisible to every other rule.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A room that needs itself back is not a room.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'apps-never-import-apps',
      severity: 'error',
      comment: 'Planes meet over gRPC and the event log only.',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'packages-never-import-apps',
      severity: 'error',
      comment: 'Packages are below apps.',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'packages-only-through-their-door',
      severity: 'error',
      comment: 'A package is entered by a door that its package.json names.',
      from: { path: '^(?:apps|packages)/([^/]+)/' },
      to: {
        path: '^packages/([^/]+)/',
        pathNot:
          '^packages/(?:$1/|[^/]+/src/index\\.ts$|zdr-policy/truth-table\\.json$|(?:event-log|object-store)/src/migrations\\.ts$)',
      },
    },
    {
      name: 'zdr-policy-is-pure',
      severity: 'error',
      comment: 'No I/O, clock, config or logger in the decision.',
      from: { path: '^packages/zdr-policy/src/', pathNot: tests },
      to: { pathNot: '^packages/zdr-policy/src/' },
    },
    {
      name: 'one-importer-of-attach-payload',
      severity: 'error',
      comment: 'A payload is attached in one place.',
      from: { path: '^apps/router/', pathNot: `^apps/router/src/insight/build-insight\\.ts$|${tests}` },
      to: { path: '^apps/router/src/insight/attach-payload\\.ts$' },
    },
    {
      name: 'layer-2-does-not-know-layer-1',
      severity: 'error',
      comment: 'The raw-request gate must fail independently of the payload gate.',
      from: { path: '^apps/router/src/raw-request/' },
      to: { path: '^apps/router/src/insight/|^packages/zdr-policy/src/' },
    },
    {
      name: 'layer-1-does-not-know-layer-2',
      severity: 'error',
      comment: 'The payload gate must fail independently of the raw-request gate.',
      from: { path: '^apps/router/src/insight/' },
      to: { path: '^apps/router/src/raw-request/' },
    },
    {
      name: 'layer-3-does-not-share-layer-1s-predicate',
      severity: 'error',
      comment: 'Accounting reaches its own conclusion; only the truth table is shared, as data, in tests.',
      from: { path: '^apps/accounting/' },
      to: { path: '^packages/zdr-policy/', pathNot: '^packages/zdr-policy/truth-table\\.json$' },
    },
    {
      name: 'router-never-touches-disk',
      severity: 'error',
      comment: 'The data plane holds content in memory only.',
      from: {
        path: '^(?:apps/router|packages/(?:zdr-policy|contracts|sealed-payload|model-catalog|service-kit|json-scanner|policy-sync))/src/',
        // The model checker is started by tests and by `npm run model`.
        pathNot: `^packages/policy-sync/src/model/|${tests}`,
      },
      to: { path: '^(?:node:)?fs(?:/promises)?$' },
    },
    {
      name: 'router-has-no-database-driver',
      severity: 'error',
      comment: 'Only the two Postgres adapters may hold one, and production never loads them.',
      from: { path: '^apps/router/src/', pathNot: tests },
      to: { path: 'node_modules/(?:postgres|pg|drizzle-orm|kafkajs)/' },
    },
    {
      name: 'kafka-client-only-in-its-adapter',
      severity: 'error',
      comment: 'Everything else speaks to the event-log port.',
      from: {
        path: '^(?:apps|packages)/',
        pathNot: `^packages/(?:event-log/src/(?:kafka|producer)/|test-servers/|system-tests/)|${tests}`,
      },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'router-flows-one-way',
      severity: 'error',
      comment:
        'Providers, dialects, meter, insight, raw request and publish never reach back into http; its types alone may be named.',
      from: {
        path: '^apps/router/src/(?:providers|dialects|meter|insight|raw-request|publish|policy)/',
        pathNot: tests,
      },
      to: { path: '^apps/router/src/http/', pathNot: '^apps/router/src/http/types\\.ts$' },
    },
    {
      name: 'router-framework-only-in-http',
      severity: 'error',
      comment: 'No stage receives the web framework.',
      from: { path: '^apps/router/src/', pathNot: `^apps/router/src/(?:http/|app\\.ts$)|${tests}` },
      to: { path: 'node_modules/(?:hono|@hono)/' },
    },
    {
      name: 'verifier-shares-nothing-with-the-writer',
      severity: 'error',
      comment: 'A mistake in the hashing or parsing of one side must not be repeated by the other.',
      from: { path: '^packages/transparency-log/src/verify/', pathNot: tests },
      to: { path: '^packages/transparency-log/src/(?!verify/)' },
    },
    {
      name: 'writer-shares-nothing-with-the-verifier',
      severity: 'error',
      comment: 'A mistake in the hashing or parsing of one side must not be repeated by the other.',
      from: { path: '^packages/transparency-log/src/(?!verify/|index\\.ts$)', pathNot: tests },
      to: { path: '^packages/transparency-log/src/verify/' },
    },
    {
      name: 'generated-code-behind-contracts',
      severity: 'error',
      comment: 'Proto types are converted at the edge.',
      from: { pathNot: '^packages/contracts/src/' },
      to: { path: '^packages/contracts/src/gen/' },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      comment: 'Test code does not ship; a contract suite is called by tests only.',
      from: { pathNot: tests },
      to: { path: tests },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:apps|packages)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['development', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
};
