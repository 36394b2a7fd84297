import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort, routerFlags } from '@lethe/test-servers';
import { repositoryRoot } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';
import type { Certificate } from './certificate.js';
import type { ScriptedPolicy } from './scripted-policy.js';

export interface RouterOptions {
  /** The checkout whose build is run. */
  readonly root?: string;
  /** The Node that runs it. */
  readonly node?: string;
  readonly policy: ScriptedPolicy;
  readonly eventLogUrl: string;
  /** Serves HTTPS, and trusts this certificate of providers. */
  readonly certificate: Certificate | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RouterProcess {
  readonly pid: number;
  readonly port: number;
  readonly secure: boolean;
  /** The text of the operator port's answer at this path. */
  operator(path: string): Promise<string>;
  /** What it wrote to its log. */
  log(): string;
  stop(): Promise<void>;
}

/** As the launcher gives them; a copy of the house may also read the packages of this one, which it links to. */
const flagsOf = (root: string, node: string): string[] => {
  const version = node === process.execPath ? process.versions.node : '24.0.0';
  return [...new Set([...routerFlags(root, version), ...routerFlags(repositoryRoot, version)])];
};

/** Starts the built router alone, as the launcher would. Rejects with its log when it does not get ready. */
export const startRouter = async (options: RouterOptions): Promise<RouterProcess> => {
  const { root = repositoryRoot, node = process.execPath, policy, eventLogUrl, certificate } = options;
  const [port, operatorPort] = [await freePort(), await freePort()];
  const trusted = certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificate.file };
  const program = join(root, 'apps', 'router', 'dist', 'main.js');
  const child: ChildProcess = spawn(node, [...flagsOf(root, node), program], {
    env: { ...trusted, ...options.env },
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let logged = '';
  let printed = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const eventLog = { kind: 'postgres', url: eventLogUrl };
  const tls = certificate && { certificatePem: certificate.cert, privateKeyPem: certificate.key };
  child.stdin?.write(
    `${JSON.stringify({
      host: '127.0.0.1',
      port,
      operatorPort,
      routerId: 'residue-1',
      adminConfigGrpc: policy.address,
      serviceCredential: policy.serviceCredential,
      telemetryLog: eventLog,
      payloadLog: eventLog,
      ...(tls === undefined ? {} : { publicTls: tls }),
    })}\n`,
  );
  const operator = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${operatorPort}${path}`)).text();
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await waitFor(() => printed.includes('"ready":true') || child.exitCode !== null, 20_000);
    await waitFor(async () => (await operator('/readyz')).includes('"ready"'), 20_000);
  } catch {
    await stop();
    throw new Error(`the router did not get ready:\n${logged}`);
  }
  return { pid: child.pid as number, port, secure: tls !== undefined, operator, log: () => logged, stop };
};
