import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NoProgram } from '../go/go-programs.js';
import { s3Program } from '../s3/s3-server.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface ContainerEngine {
  /** Runs `docker …`. Never rejects for an exit code. */
  docker(
    args: readonly string[],
    options?: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number },
  ): Promise<Ran>;
  /** The image of an S3 server that can be had here. */
  readonly s3Image: string;
  /** Stops an engine that was started for this; leaves one that was there before. */
  stop(): Promise<void>;
}

const repositoryRoot = fileURLToPath(new URL('../../../..', import.meta.url));
const startTimeoutMs = 900_000;
const commandTimeoutMs = 600_000;
const outputBytesMax = 8 * 1024 * 1024;

const unavailable = (reason: string): NoProgram => {
  if (process.env.CI === 'true') throw new Error(`a container engine is required in CI: ${reason}`);
  process.stderr.write(`\n*** NO CONTAINER ENGINE ON THIS MACHINE, its tests are skipped: ${reason} ***\n\n`);
  return { unavailable: reason };
};

/** Runs a program to its end; its output is kept as far as it is bounded. */
const run = (
  program: string,
  args: readonly string[],
  { cwd, env, timeoutMs = commandTimeoutMs }: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number },
): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
    });
    const text = { out: '', err: '' };
    for (const name of ['out', 'err'] as const)
      child[`std${name}`].setEncoding('utf8').on('data', (piece: string) => {
        text[name] = (text[name] + piece).slice(-outputBytesMax);
      });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const done = (code: number): void => {
      clearTimeout(timer);
      resolve({ code, ...text });
    };
    child.on('error', () => done(127));
    child.on('exit', (code) => setTimeout(() => done(code ?? 137), 50));
  });

const reachable = async (env: NodeJS.ProcessEnv): Promise<boolean> =>
  (await run('docker', ['version', '--format', '{{.Server.Version}}'], { env, timeoutMs: 20_000 })).code ===
  0;

/** Makes an engine and stand-ins of base images, where neither a registry nor an engine can be reached. */
const kitFolder = (): string | undefined =>
  [process.env.LETHE_CONTAINER_ENGINE, join(repositoryRoot, '../shared/tools/container-engine')]
    .filter((folder): folder is string => folder !== undefined && folder !== '')
    .find((folder) => existsSync(join(folder, 'start')));

/** A copy that may be written to: an image takes the rights of its files from where it was made. */
const writableCopy = (kit: string, target: string): string => {
  rmSync(target, { recursive: true, force: true });
  cpSync(kit, target, { recursive: true });
  for (const entry of readdirSync(target, { recursive: true, withFileTypes: true }))
    chmodSync(
      join(entry.parentPath, entry.name),
      entry.isDirectory() ? 0o755 : entry.name.includes('.') && !entry.name.endsWith('.sh') ? 0o644 : 0o755,
    );
  return target;
};

/** `export NAME=value` lines, values in double quotes or bare, `$PATH` being ours. */
const environmentOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([A-Z_]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = '', quoted, bare]) => [
      name,
      (quoted ?? bare ?? '').replace('$PATH', process.env.PATH ?? ''),
    ]),
  );

const haproxyTag = 'haproxy:3.0';
const haproxyFolder = join(repositoryRoot, 'packages/test-servers/src/engine/images/haproxy');

/**
 * A container engine with compose, and the base images that docker-compose.yml names: one that is there, else one that
 * is started. Says loudly when there is none, and throws in CI.
 */
export const startContainerEngine = async (): Promise<ContainerEngine | NoProgram> => {
  const wasThere = await reachable(process.env);
  const kit = kitFolder();
  if (kit === undefined && !wasThere)
    return unavailable('none is reachable, and LETHE_CONTAINER_ENGINE names none');
  if (kit === undefined || process.getuid?.() !== 0) {
    if (!wasThere) return unavailable('one can be started as root only');
    const s3Image = process.env.LETHE_S3_IMAGE;
    if (s3Image === undefined) return unavailable('LETHE_S3_IMAGE names no image of an S3 server');
    return {
      docker: (args, options = {}) => run('docker', args, options),
      s3Image,
      stop: async () => undefined,
    };
  }
  // A path that is short enough for a socket, and the same for every checkout: what is in it is made slowly.
  const state = process.env.LETHE_CONTAINER_ENGINE_STATE ?? join(tmpdir(), 'lethe-engine');
  mkdirSync(state, { recursive: true });
  const own = writableCopy(kit, join(state, 'kit'));
  const s3 = await s3Program();
  const env = { ...process.env, DK: state, ...(typeof s3 === 'string' && { MINIO_BIN: s3 }) };
  const started = await run('bash', [join(own, 'start')], { env, timeoutMs: startTimeoutMs });
  if (started.code !== 0) return unavailable(`it could not be started:\n${started.err.slice(-2000)}`);
  const engineEnv = { ...process.env, ...environmentOf(readFileSync(join(state, 'env'), 'utf8')) };
  const docker: ContainerEngine['docker'] = (args, options = {}) =>
    run('docker', args, { ...options, env: { ...engineEnv, ...options.env, PATH: engineEnv.PATH } });
  const stop = async (): Promise<void> => {
    if (!wasThere) await run('bash', [join(own, 'stop')], { env, timeoutMs: 120_000 });
  };
  if ((await docker(['image', 'inspect', haproxyTag])).code !== 0) {
    const built = await docker(['build', '-q', '-t', haproxyTag, haproxyFolder]);
    if (built.code !== 0) {
      await stop();
      return unavailable(`no balancer could be had:\n${built.err.slice(-1000)}`);
    }
  }
  return { docker, s3Image: 'lethe-ci/minio:local', stop };
};
