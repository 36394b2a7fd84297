import { createLogger, newToken, type RunningService, tokenSha256 } from '@lethe/service-kit';
import { freePort } from '@lethe/test-servers';
import { startAdminConfig } from '../app.js';
import { configSchema } from '../config.js';
import type { Peers } from './peers.contract.js';
import type { World } from './world.contract.js';

/** One replica of the whole service, as a launcher starts it. */
export interface RunningAdmin {
  readonly grpcAddress: string;
  readonly routerToken: string;
  readonly accountingToken: string;
  readonly logLines: string[];
  call(
    method: string,
    path: string,
    token: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  metric(name: string): Promise<string>;
  stop(): Promise<void>;
}

export const startRunning = async (
  world: World,
  peers: Pick<Peers, 'address' | 'credential'>,
  options: { readonly leaseTtlMs?: number } = {},
): Promise<RunningAdmin> => {
  const [restPort, grpcPort] = [await freePort(), await freePort()];
  const [routerToken, accountingToken] = [newToken('lethe_svc_'), newToken('lethe_svc_')];
  const logLines: string[] = [];
  const config = configSchema.parse({
    ...{ host: '127.0.0.1', restPort, grpcPort },
    serviceCredential: peers.credential.reveal(),
    callers: {
      router: tokenSha256(routerToken).toString('hex'),
      accounting: tokenSha256(accountingToken).toString('hex'),
    },
    operatorTokenSha256: tokenSha256(world.operatorToken).toString('hex'),
    database: { url: world.databaseUrl },
    ...{ accountingGrpc: peers.address, auditGrpc: peers.address, providerAccounts: [] },
    leaseTtlMs: options.leaseTtlMs ?? 1000,
  });
  const log = createLogger('admin-config', (line) => logLines.push(line));
  let service: RunningService | undefined = await startAdminConfig(config, log);
  const url = `http://127.0.0.1:${restPort}`;
  return {
    grpcAddress: `127.0.0.1:${grpcPort}`,
    ...{ routerToken, accountingToken, logLines },
    call: async (method, path, token, body) => {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, connection: 'close' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    metric: async (name) => {
      const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
      return text.split('\n').find((line) => line.startsWith(name)) ?? '';
    },
    stop: async () => {
      const running = service;
      service = undefined;
      await running?.stop();
    },
  };
};
