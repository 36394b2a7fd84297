import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaLogConfig } from '@lethe/event-log';
import { Problem } from '../problem.js';
import { freePorts } from '../programs/free-ports.js';
import { startProgram } from '../programs/start-program.js';
import { chatPath, type Gateway, upstreamModel } from './gateway.js';
import { type PolicySize, startPolicyServer } from './policy-server.js';
import { untilRecordsAre } from './router-metrics.js';

interface RouterOptions {
  readonly name: string;
  /** The built checkout whose router it is. */
  readonly root: string;
  readonly brokers: readonly string[];
  readonly policy: PolicySize;
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const permissionFlag =
  major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)
    ? '--permission'
    : '--experimental-permission';

/** The restrictions under which the launcher starts a router. */
const permissionsOf = (root: string): string[] => [
  permissionFlag,
  '--disable-warning=ExperimentalWarning',
  ...['apps/router', 'packages', 'node_modules'].map((folder) => `--allow-fs-read=${join(root, folder)}/*`),
];

const eventLog = (brokers: readonly string[], clientId: string): KafkaLogConfig => ({
  kind: 'kafka',
  brokers,
  clientId,
});

/**
 * The router as the launcher runs it, alone on its core: it checks keys, reads usage, computes cost and publishes
 * telemetry to Kafka. No key has a grant.
 */
export const letheRouter = (options: RouterOptions): Gateway => ({
  name: options.name,
  start: async (upstream, { gatewayCore }) => {
    const program = join(options.root, 'apps', 'router', 'dist', 'main.js');
    if (!existsSync(program)) throw new Problem('The router is not built: run "npx turbo run build" first.');
    const providerUrl = `http://127.0.0.1:${upstream.port}/v1`;
    const policy = await startPolicyServer(options.policy, providerUrl);
    const [port = 0, operatorPort = 0] = await freePorts(2);
    const launch = {
      host: '127.0.0.1',
      port,
      operatorPort,
      routerId: 'router-bench',
      adminConfigGrpc: policy.address,
      serviceCredential: policy.routerCredential,
      telemetryLog: eventLog(options.brokers, 'router-bench'),
      payloadLog: eventLog(options.brokers, 'router-bench'),
    };
    const router = await startProgram({
      name: options.name,
      core: gatewayCore,
      file: process.execPath,
      args: [...permissionsOf(options.root), program],
      input: `${JSON.stringify(launch)}\n`,
      env: { NODE_ENV: 'production' },
      cwd: '/',
      readyWhen: { line: '"ready":true' },
    }).catch(async (error: unknown) => {
      await policy.close();
      throw error;
    });
    return {
      asking: {
        port,
        path: chatPath,
        model: `openai/${upstreamModel}`,
        headers: { Authorization: `Bearer ${policy.tokens[0]}` },
      },
      pids: [router.pid],
      ...(policy.tokens.length > 1 && { keys: policy.tokens }),
      stop: async () => {
        await router.stop();
        await policy.close();
      },
      checkRecords: (requests) => untilRecordsAre(operatorPort, requests),
    };
  },
});
