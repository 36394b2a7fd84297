import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { makeCertificates } from '../kafka/certificates.js';
import { onPath } from '../kafka/jars.js';

const readyWithinMs = 60_000;

export interface S3ProcessOptions {
  readonly program: string;
  readonly folder: string;
  readonly port: number;
  readonly rootUser: string;
  readonly rootPassword: string;
}

/** One server on one data folder, with TLS; started, killed and started again by its own handle. */
export class S3Process {
  readonly ca: string;
  readonly #options: S3ProcessOptions;
  readonly #certificates: string;
  #child: ChildProcess | undefined;

  constructor(options: S3ProcessOptions) {
    this.#options = options;
    const made = join(options.folder, 'made');
    this.ca = makeCertificates(made, []).ca;
    this.#certificates = join(options.folder, 'certificates');
    mkdirSync(this.#certificates, { recursive: true });
    mkdirSync(join(options.folder, 'data'), { recursive: true });
    copyFileSync(join(made, 'broker.crt'), join(this.#certificates, 'public.crt'));
    copyFileSync(join(made, 'broker.key'), join(this.#certificates, 'private.key'));
    process.on('exit', this.#killNow);
  }

  /** Resolves when the server is ready; rejects with the end of its log when it does not become so. */
  async start(): Promise<void> {
    const { program, folder, port, rootUser, rootPassword } = this.#options;
    const logFile = join(folder, 's3.log');
    const log = openSync(logFile, 'a');
    const serving = ['--address', `127.0.0.1:${port}`, '--certs-dir', this.#certificates];
    const own = [program, 'server', '--quiet', ...serving, join(folder, 'data')];
    // The kernel ends the server with its parent: a test worker that is killed runs no exit handler.
    const [command = program, ...args] = onPath('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...own] : own;
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        MINIO_ROOT_USER: rootUser,
        MINIO_ROOT_PASSWORD: rootPassword,
        MINIO_UPDATE: 'off',
        MINIO_BROWSER: 'off',
      },
    });
    closeSync(log);
    child.on('error', () => undefined);
    this.#child = child;
    const deadline = performance.now() + readyWithinMs;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await this.kill();
        throw new Error(`the S3 server did not come up:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Stops the process where it stands (SIGSTOP), or lets it go on. */
  freeze(frozen: boolean): void {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** To be called after the last kill. */
  forget(): void {
    process.removeListener('exit', this.#killNow);
  }

  readonly #killNow = (): void => {
    this.#child?.kill('SIGKILL');
  };

  #isReady(): Promise<boolean> {
    const url = `https://127.0.0.1:${this.#options.port}/minio/health/cluster`;
    return new Promise((resolve) => {
      const request = get(url, { ca: this.ca, agent: false, timeout: 1_000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(false));
    });
  }
}
