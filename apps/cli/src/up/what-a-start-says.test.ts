import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { closingPage, type PageInputs } from './closing-page.js';
import { homeOf } from './home/home.js';
import type { Secrets } from './home/secrets-codec.js';
import { runJson } from './run-file.js';
import { portsOf } from './services/ports.js';

const person = (token: string) => ({ userId: 'u', token });
const secrets: Secrets = {
  version: 1,
  operatorToken: 'lethe_ops_1234567890',
  postgresPassword: 'canary-postgres-password',
  atRestRootKey: 'ca'.repeat(32),
  auditOrigin: 'lethe.localhost/audit-00000000',
  auditSigningSeed: 'b2'.repeat(32),
  organizations: [
    {
      slug: 'open-demo',
      admin: person('lethe_mgmt_a1'),
      member: person('lethe_mgmt_m1'),
      keys: { logging: { id: 'k1', key: 'sk-lethe-logging' }, quiet: { id: 'k2', key: 'sk-lethe-quiet' } },
    },
    {
      slug: 'zdr-demo',
      admin: person('lethe_mgmt_a2'),
      member: person('lethe_mgmt_m2'),
      keys: { default: { id: 'k3', key: 'sk-lethe-default' } },
    },
  ],
};
const inputs: PageInputs = {
  home: homeOf('/somewhere/.lethe'),
  ports: portsOf(4000),
  secrets,
  zdrSlugs: new Set(['zdr-demo']),
  findings: [],
  startedInMs: 3210,
  behindProxy: false,
};

describe('run.json', () => {
  it('has exactly the face that client programs rely on', () => {
    const pids = { router: [1, 5, 6], 'admin-config': [2], accounting: [3], audit: [4] };
    expect(runJson({ ...inputs, pids: (service) => pids[service] })).toEqual({
      router: 'http://127.0.0.1:4000',
      console: null,
      adminConfig: 'http://127.0.0.1:4002',
      accounting: 'http://127.0.0.1:4003',
      audit: 'http://127.0.0.1:4004',
      auditVerifierKey: expect.stringMatching(/^lethe\.localhost\/audit-00000000\+[0-9a-f]{8}\+A[\w+/]{43}$/),
      operatorToken: 'lethe_ops_1234567890',
      grpc: { adminConfig: '127.0.0.1:5002', accounting: '127.0.0.1:5003', audit: '127.0.0.1:5004' },
      organizations: [
        {
          slug: 'open-demo',
          zdr: false,
          adminToken: 'lethe_mgmt_a1',
          memberToken: 'lethe_mgmt_m1',
          keys: { logging: 'sk-lethe-logging', quiet: 'sk-lethe-quiet' },
        },
        {
          slug: 'zdr-demo',
          zdr: true,
          adminToken: 'lethe_mgmt_a2',
          memberToken: 'lethe_mgmt_m2',
          keys: { default: 'sk-lethe-default' },
        },
      ],
      processes: { router: [1, 5, 6], 'admin-config': 2, accounting: 3, audit: 4 },
    });
  });
});

describe('the closing page', () => {
  const curls = (page: string): string[] => page.split('\n').filter((line) => line.startsWith('curl '));
  /** What a shell would hand to curl. */
  const argvOf = (line: string): string[] =>
    spawnSync('sh', ['-c', `curl() { for a in "$@"; do printf '%s\\0' "$a"; done; }; ${line}`], {
      encoding: 'utf8',
    })
      .stdout.split('\0')
      .slice(0, -1);

  it('has one line to paste for the logging key and one for the ZDR key', () => {
    const [first = '', second = '', ...more] = curls(closingPage(inputs));
    expect(more).toEqual([]);
    for (const [line, key] of [
      [first, 'sk-lethe-logging'],
      [second, 'sk-lethe-default'],
    ] as const) {
      const argv = argvOf(line);
      expect(argv).toContain('http://127.0.0.1:4000/v1/chat/completions');
      expect(argv).toContain(`authorization: Bearer ${key}`);
      expect(JSON.parse(argv.at(-1) ?? '')).toMatchObject({
        model: 'sim/echo',
        messages: [{ role: 'user' }],
      });
    }
  });

  it('keeps curl away from a proxy where there is one', () => {
    expect(curls(closingPage(inputs)).join()).not.toContain('--noproxy');
    for (const line of curls(closingPage({ ...inputs, behindProxy: true })))
      expect(argvOf(line).join(' ')).toContain('--noproxy 127.0.0.1');
  });

  it('says where tokens, logs and addresses are, and shows no secret but the two keys', () => {
    const page = closingPage(inputs);
    for (const part of [
      '/somewhere/.lethe/secrets.json',
      '/somewhere/.lethe/logs',
      'http://127.0.0.1:4002',
      '3.2 s',
    ])
      expect(page).toContain(part);
    expect(page).not.toMatch(/lethe_mgmt_|lethe_ops_|canary|caca/);
  });

  it('does not promise content where ZDR was enabled meanwhile', () => {
    expect(closingPage(inputs)).toContain('the content too, encrypted');
    expect(closingPage({ ...inputs, zdrSlugs: new Set(['open-demo', 'zdr-demo']) })).not.toContain(
      'the content too',
    );
  });

  it('names what the preflight found', () => {
    expect(closingPage(inputs)).not.toContain('Preflight');
    expect(closingPage({ ...inputs, findings: ['swap is on'] })).toContain('- swap is on');
  });
});
