import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ContainerEngine, freePort, type Ran } from '@lethe/test-servers';
import { repositoryRoot } from '../start-lethe.js';
import { builtProgram } from '../support/built-program.js';
import type { Pair } from './inside/pair.js';
import type { Task, Words } from './inside/tries.js';

/** What is checked in, and what is about to be: nothing that this machine has built. */
const cloneTree = async (target: string): Promise<void> => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const path of listed.split('\0').filter((name) => name !== '')) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await cp(join(repositoryRoot, path), join(target, path)).catch(() => undefined);
  }
};

/** A clone's tree with secrets of its own, brought up as the README says. */
export class Deployment {
  readonly #engine: ContainerEngine;
  readonly project = `lethe-test-${randomBytes(3).toString('hex')}`;
  folder = '';
  port = 0;

  constructor(engine: ContainerEngine) {
    this.#engine = engine;
  }

  compose(args: readonly string[], timeoutMs?: number): Promise<Ran> {
    return this.#engine.docker(['compose', '-p', this.project, ...args], {
      cwd: this.folder,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  /** Of a step that must succeed. */
  async must(args: readonly string[], timeoutMs?: number): Promise<string> {
    const { code, out, err } = await this.compose(args, timeoutMs);
    if (code !== 0)
      throw new Error(
        `docker compose ${args.slice(0, 4).join(' ')} ended with ${code}:\n${err.slice(-3000)}`,
      );
    return out;
  }

  /** `lethe …` in the container of profile tools. */
  lethe(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const given = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    return this.must(['run', '--rm', '-T', ...given, 'tools', ...args]);
  }

  secret(path: string): string {
    return join(this.folder, 'deploy', 'secrets', path);
  }

  read(path: string): Promise<string> {
    return readFile(this.secret(path), 'utf8');
  }

  /** A certificate of ours with its key, as `lethe init` made them, and the authority that it trusts. */
  async pair(folder: string, name: string): Promise<Pair> {
    const [ca, cert, key] = await Promise.all([
      this.read(`${folder}/ca.crt`),
      this.read(`${folder}/${name}.crt`),
      this.read(`${folder}/${name}.key`),
    ]);
    return { ca, cert, key };
  }

  /** Tries something in a container of the services' own network. */
  async inside(task: Task): Promise<Words> {
    const file = join(this.folder, `task-${randomBytes(3).toString('hex')}.json`);
    await writeFile(file, JSON.stringify(task));
    // The user of the tools' container reads it: what is in it opens this deployment only.
    await chmod(file, 0o644);
    const out = await this.must([
      ...['run', '--rm', '-T', '--no-deps', '--entrypoint', 'node'],
      ...['-v', `${dirname(builtProgram('compose/inside/try-program'))}:/lethe/tries:ro`],
      ...['-v', `${file}:/task.json:ro`],
      ...['tools', '/lethe/tries/try-program.js', '/task.json'],
    ]);
    return JSON.parse(out) as Words;
  }

  /** With settings of the `.env` beside those that `lethe init` writes. */
  async up(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'lethe-compose-'));
    this.port = await freePort();
    await cloneTree(this.folder);
    const docker = (args: readonly string[]): Promise<Ran> => this.#engine.docker(args, { cwd: this.folder });
    const built = await docker([
      'build',
      '-q',
      '-f',
      'deploy/Dockerfile',
      '--target',
      'tools',
      '-t',
      'lethe/tools:local',
      '.',
    ]);
    if (built.code !== 0) throw new Error(`the tools were not built:\n${built.err.slice(-3000)}`);
    const init = await docker([
      ...['run', '--rm', '-u', '0', '-v', `${this.folder}:/work`, '-w', '/work', 'lethe/tools:local'],
      ...['init', '--simulated-provider'],
    ]);
    if (init.code !== 0) throw new Error(`lethe init failed:\n${init.err}`);
    const lines = Object.entries({
      LETHE_S3_IMAGE: this.#engine.s3Image,
      LETHE_PUBLISHED: `127.0.0.1:${this.port}`,
      LETHE_LEASE_TTL_MS: '5000',
      ...settings,
    });
    await appendFile(join(this.folder, '.env'), lines.map(([name, value]) => `${name}=${value}\n`).join(''));
    await this.must(
      ['--profile', 'simulated-provider', 'up', '-d', '--build', '--wait', '--wait-timeout', '420'],
      900_000,
    );
  }

  /** The folders on this machine that the project's volumes are. */
  async volumes(): Promise<string[]> {
    const { out } = await this.#engine.docker([
      'volume',
      'ls',
      '-q',
      '--filter',
      `label=com.docker.compose.project=${this.project}`,
    ]);
    const names = out.trim().split('\n');
    const inspected = await this.#engine.docker([
      'volume',
      'inspect',
      '--format',
      '{{.Mountpoint}}',
      ...names,
    ]);
    return inspected.out.trim().split('\n');
  }

  async containers(): Promise<string[]> {
    return (await this.must(['--profile', '*', 'ps', '-aq'])).trim().split('\n');
  }

  async logs(container: string): Promise<string> {
    const { out, err } = await this.#engine.docker(['logs', container]);
    return out + err;
  }

  /** Ends every container as an operator would; volumes and logs stay. */
  async stop(): Promise<void> {
    await this.must(['--profile', '*', 'stop', '-t', '30']);
  }

  async down(): Promise<void> {
    await this.compose(['--profile', '*', 'down', '-v', '-t', '5', '--remove-orphans']);
    if (this.folder !== '') await rm(this.folder, { recursive: true, force: true });
  }
}
