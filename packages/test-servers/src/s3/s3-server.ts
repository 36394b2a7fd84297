import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import { buildGoProgram, type NoProgram } from '../go/go-programs.js';
import type { TcpProxy } from '../kafka/tcp-proxy.js';
import { freePorts } from '../ports/free-ports.js';
import { S3Process } from './s3-process.js';

const startAttempts = 3;
const credentialsLastS = 7_200;
const buildTimeoutMs = 1_500_000;

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface S3Server {
  /** `https://127.0.0.1:port`; with a proxy, the proxy's. */
  readonly endpoint: string;
  readonly region: string;
  /** The authority of its certificate, PEM. */
  readonly ca: string;
  /** With all rights. */
  readonly root: Client;
  /** With `lockedDays`, every version of an object stays that long, whoever asks (compliance mode). */
  makeBucket(name: string, options?: { readonly lockedDays?: number }): Promise<void>;
  /** Somebody who may do these actions (`s3:PutObject`, …) in this bucket, and nothing else. */
  credentials(bucket: string, actions: readonly string[]): Promise<S3Credentials>;
  /** SIGKILL, resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts again on the same data and port; resolves when it answers. */
  restart(): Promise<void>;
  /** Stops the process where it stands, with its connections open; `thaw` lets it go on. */
  freeze(): void;
  thaw(): void;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

// Built from source with the sums of go.sum: about five minutes once, and then from Go's own cache.
export const s3Program = (): Promise<string | NoProgram> =>
  buildGoProgram({
    module: 'packages/test-servers/servers/minio',
    target: 'github.com/minio/minio',
    name: 'minio',
    flags: ['-trimpath', '-tags', 'kqueue', '-ldflags', '-s -w'],
    pure: true,
    buildTimeoutMs,
    required: true,
  });

/** undefined when a server can be started here (builds it if need be); otherwise says so loudly, and throws in CI. */
export const s3Availability = async (): Promise<NoProgram | undefined> => {
  const built = await s3Program();
  return typeof built === 'string' ? undefined : built;
};

/** What a policy of S3 says about a bucket and what is in it. */
const policyOf = (bucket: string, actions: readonly string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: actions, Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`] },
    ],
  });

const startOnce = async (built: string, folder: string, proxy: TcpProxy | undefined): Promise<S3Server> => {
  const [port = 0] = await freePorts(1);
  const rootUser = `root-${randomBytes(6).toString('hex')}`;
  const rootPassword = randomBytes(18).toString('hex');
  const server = new S3Process({ program: built, folder, port, rootUser, rootPassword });
  await server.start();
  proxy?.target(port);
  const region = 'us-east-1';
  const agent = new Agent({ ca: server.ca });
  const login = { accessKey: rootUser, secretKey: rootPassword, region, transportAgent: agent };
  const root = new Client({ endPoint: '127.0.0.1', port, useSSL: true, ...login });
  return {
    endpoint: `https://127.0.0.1:${proxy?.port ?? port}`,
    region,
    ca: server.ca,
    root,
    makeBucket: async (name, { lockedDays } = {}) => {
      await root.makeBucket(name, region, { ObjectLocking: lockedDays !== undefined });
      if (lockedDays !== undefined)
        await root.setObjectLockConfig(name, { mode: 'COMPLIANCE', unit: 'Days', validity: lockedDays });
    },
    credentials: async (bucket, actions) => {
      const provider = new AssumeRoleProvider({
        stsEndpoint: `https://127.0.0.1:${port}`,
        ...login,
        policy: policyOf(bucket, actions),
        durationSeconds: credentialsLastS,
        action: 'AssumeRole',
      });
      const { accessKey = '', secretKey = '', sessionToken = '' } = await provider.getCredentials();
      return { accessKeyId: accessKey, secretAccessKey: secretKey, sessionToken };
    },
    kill: () => server.kill(),
    restart: async () => {
      await server.kill();
      await server.start();
    },
    freeze: () => server.freeze(true),
    thaw: () => server.freeze(false),
    stop: async () => {
      agent.destroy();
      await server.kill();
      server.forget();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/**
 * Starts a real S3 server with TLS on a free port of 127.0.0.1, its data in a temporary folder. With a proxy its
 * clients come through it, and the proxy is pointed at the server.
 */
export const startS3 = async (options: { readonly proxy?: TcpProxy } = {}): Promise<S3Server | NoProgram> => {
  const built = await s3Program();
  if (typeof built !== 'string') return built;
  for (let attempt = 1; ; attempt += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'lethe-s3-'));
    try {
      return await startOnce(built, folder, options.proxy);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      if (attempt === startAttempts) throw error;
    }
  }
};
