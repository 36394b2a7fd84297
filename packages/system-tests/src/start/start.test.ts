import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { alive } from '../process-tree.js';
import { type Lethe, newHome, readRunFile, spawnLethe, startLethe } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';

jest.setTimeout(120_000);

const pidsOf = ({ processes }: Lethe['run']): number[] => [
  ...processes.router,
  processes['admin-config'],
  processes.accounting,
  processes.audit,
];

describe('a first start', () => {
  let lethe: Lethe;
  beforeAll(async () => {
    lethe = await startLethe({
      env: {
        OPENAI_API_KEY: 'sk-canary',
        NODE_OPTIONS: '--max-old-space-size=4096',
        http_proxy: 'http://canary:1',
      },
    });
  });
  afterAll(() => lethe.stop());

  it('is ready in under 10 seconds, making the database included', () => {
    // Where more processes than cores want to run, everything takes as many times longer.
    const crowding = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    const seconds = lethe.startedInMs / 1000;
    process.stderr.write(`first start: ready in ${seconds.toFixed(1)} s (crowding ${crowding.toFixed(1)})\n`);
    expect(seconds / crowding).toBeLessThan(10);
  });

  it('writes run.json in its fixed shape, for its owner alone', () => {
    expect(statSync(join(lethe.home, 'run.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(lethe.home, 'secrets.json')).mode & 0o777).toBe(0o600);
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    const token = expect.stringMatching(/^lethe_mgmt_/);
    const key = expect.stringMatching(/^sk-lethe-/);
    const pid = expect.any(Number);
    expect(lethe.run).toEqual({
      router: url,
      console: null,
      adminConfig: url,
      accounting: url,
      audit: url,
      auditVerifierKey: expect.stringMatching(
        /^lethe\.localhost\/audit-[0-9a-f]{8}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/,
      ),
      operatorToken: expect.stringMatching(/^lethe_ops_/),
      grpc: { adminConfig: address, accounting: address, audit: address },
      organizations: [
        {
          slug: 'open-demo',
          zdr: false,
          adminToken: token,
          memberToken: token,
          keys: { logging: key, quiet: key },
        },
        { slug: 'zdr-demo', zdr: true, adminToken: token, memberToken: token, keys: { default: key } },
      ],
      processes: { router: [pid], 'admin-config': pid, accounting: pid, audit: pid },
    });
    expect(pidsOf(lethe.run).every(alive)).toBe(true);
    const [base, adminConfig] = [lethe.run.router, lethe.run.adminConfig].map((text) =>
      Number(new URL(text).port),
    );
    expect(adminConfig).toBe((base ?? 0) + 2);
    expect(lethe.run.grpc.adminConfig).toBe(`127.0.0.1:${(base ?? 0) + 1002}`);
  });

  it('prints curl lines that work when pasted', () => {
    const lines = lethe
      .output()
      .page.split('\n')
      .filter((line) => line.startsWith('curl '));
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const env = { PATH: process.env.PATH, http_proxy: 'http://127.0.0.1:1' };
      const { stdout, status } = spawnSync('sh', ['-c', line], { encoding: 'utf8', env });
      expect(status).toBe(0);
      const said = line.includes('Remember') ? 'Remember me.' : 'Forget me.';
      expect(JSON.parse(stdout)).toMatchObject({ choices: [{ message: { content: said } }] });
    }
  });

  it.each(['adminConfig', 'accounting', 'audit', 'router'] as const)(
    '%s says that it is ready',
    async (name) => {
      const url = new URL(lethe.run[name]);
      if (name === 'router') url.port = String(Number(url.port) + 100);
      expect((await fetch(new URL('/readyz', url))).status).toBe(200);
    },
  );

  it('logs beneath its home and nowhere else, and tells no secret on the way', () => {
    const { page, progress } = lethe.output();
    expect(page).toContain(join(lethe.home, 'logs'));
    const secrets = [
      lethe.run.operatorToken,
      ...lethe.run.organizations.flatMap((o) => [o.adminToken, o.memberToken]),
    ];
    for (const secret of secrets) expect(page + progress).not.toContain(secret);
  });

  it('gives its services no secret in their environment or arguments, and no dangerous variable', () => {
    const written = lethe.processes().map((pid) => ({
      names: readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .map((entry) => entry.split('=')[0] ?? ''),
      text: readFileSync(`/proc/${pid}/environ`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
    }));
    for (const { names, text } of written) {
      expect(text).not.toMatch(/lethe_(?:ops|mgmt|svc)_|sk-|canary/);
      expect(names.filter((name) => /NODE_OPTIONS|DEBUG|KEY|TOKEN|SECRET|proxy/i.test(name))).toEqual([]);
    }
    // The launcher itself was given them, so the same search finds them there.
    expect(readFileSync(`/proc/${lethe.pid}/environ`, 'latin1')).toContain('canary');
  });

  it('refuses a second start on its home and names the pid', async () => {
    const { child, printed } = spawnLethe(['up'], { LETHE_HOME: lethe.home, LETHE_PORT_BASE: '0' });
    await waitFor(() => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(printed.progress).toContain(`process ${lethe.pid}`);
    expect(readRunFile(lethe.home)).toEqual(lethe.run);
  });

  it('refuses a taken port, naming it and the variable', async () => {
    const port = new URL(lethe.run.accounting).port;
    const home = await newHome();
    const { child, printed } = spawnLethe(['up'], {
      LETHE_HOME: home,
      LETHE_PORT_BASE: String(Number(port)),
    });
    await waitFor(() => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(printed.progress).toContain(`Port ${port} `);
    expect(printed.progress).toContain('LETHE_PORT_BASE');
    await rm(home, { recursive: true });
  });

  it('has a neighbour on the same machine with another home and other ports', async () => {
    const neighbour = await startLethe();
    expect(neighbour.run.router).not.toBe(lethe.run.router);
    expect(neighbour.run.organizations[0]?.keys).not.toEqual(lethe.run.organizations[0]?.keys);
    const stopped = await neighbour.stop();
    expect(stopped).toMatchObject({ exitCode: 0, left: [] });
    expect(pidsOf(lethe.run).every(alive)).toBe(true);
  });
});
