import { commandLine } from '../terminal/shell-quote.js';
import type { Home } from './home/home.js';
import type { DemoOrganization, Secrets } from './home/secrets-codec.js';
import type { Ports } from './services/ports.js';

export interface PageInputs {
  readonly home: Home;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly zdrSlugs: ReadonlySet<string>;
  readonly findings: readonly string[];
  readonly startedInMs: number;
  readonly behindProxy: boolean;
}

const keyOf = (organizations: readonly DemoOrganization[], slug: string, name: string): string =>
  organizations.find((organization) => organization.slug === slug)?.keys[name]?.key ?? '';

const chatCommand = ({ ports, behindProxy }: PageInputs, key: string, content: string): string =>
  commandLine([
    'curl',
    '-sS',
    ...(behindProxy ? ['--noproxy', '127.0.0.1'] : []),
    `http://127.0.0.1:${ports.router}/v1/chat/completions`,
    '-H',
    `authorization: Bearer ${key}`,
    '-H',
    'content-type: application/json',
    '-d',
    JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content }] }),
  ]);

/** What a person reads when everything runs: what to paste, where things are, what to try, how to stop. */
export const closingPage = (inputs: PageInputs): string => {
  const { home, ports, secrets, zdrSlugs, findings, startedInMs } = inputs;
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const logging = zdrSlugs.has('open-demo')
    ? 'Key "logging" of open-demo. The organization has ZDR by now: only telemetry is kept.'
    : 'Key "logging" of open-demo: telemetry is kept, and the content too, encrypted.';
  const section = (...lines: string[]): string => lines.join('\n');
  return [
    section(
      `Lethe runs. Ready in ${(startedInMs / 1000).toFixed(1)} s.`,
      '',
      `  router        ${url(ports.router)}    base URL for OpenAI SDKs ${url(ports.router)}/v1, for Anthropic SDKs without /v1`,
      `  admin-config  ${url(ports.adminConfig)}    /v1/manage/…, described at /openapi.json`,
      `  accounting    ${url(ports.accounting)}    /v1/requests, usage`,
      `  audit         ${url(ports.audit)}    /v1/audit/events`,
    ),
    section(
      logging,
      chatCommand(inputs, keyOf(secrets.organizations, 'open-demo', 'logging'), 'Remember me.'),
    ),
    section(
      'Key "default" of zdr-demo, which has Zero Data Retention: only telemetry is kept, and no call turns that off.',
      chatCommand(inputs, keyOf(secrets.organizations, 'zdr-demo', 'default'), 'Forget me.'),
    ),
    section(
      'To sign in: the admin and member tokens of both organizations, and the operator token, stand in',
      `  ${home.secretsFile}   (${home.runFile} has them too, with all addresses)`,
    ),
    section(
      'What to try next',
      '  See what was kept: GET /v1/requests of accounting, with an admin token as bearer',
      '  Make your own:     npx lethe org create acme, then member add, token create, key create',
      '  Forget for ever:   npx lethe zdr enable acme; what it promises and how to check it: docs/zdr.md',
      '  Follow the audit:  npx lethe audit tail; check that nothing of it was changed: npx lethe audit verify',
      '  Real providers:    set OPENAI_API_KEY (or another usual variable) and start again',
    ),
    ...(findings.length === 0
      ? []
      : [
          section(
            'Preflight: in production each of these would stop the start',
            ...findings.map((text) => `  - ${text}`),
          ),
        ]),
    section(
      `Logs: ${home.logs}`,
      'Ctrl-C stops everything. The next start finds it as it was; --reset starts afresh.',
    ),
  ].join('\n\n');
};
