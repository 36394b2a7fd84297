import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaLogConfig } from '@lethe/event-log';
import { freePorts, routerEnvironment, routerFlags } from '@lethe/test-servers';
import { Problem } from '../problem.js';
import { type Certificate, makeCertificate } from '../programs/certificate.js';
import { type Program, startProgram } from '../programs/start-program.js';
import { chatPath, type Gateway, type RunningGateway, type Surroundings, upstreamModel } from './gateway.js';
import { type PolicyServer, type PolicySize, startPolicyServer } from './policy-server.js';
import { readRouterMemory, untilRecordsAre } from './router-metrics.js';
import { startTlsClient, startTlsProvider } from './tls-front.js';

export interface RouterOptions {
  readonly name: string;
  /** The built checkout whose router it is. */
  readonly root: string;
  readonly brokers: readonly string[];
  readonly policy: PolicySize;
  /** Beyond those of the launcher. */
  readonly nodeFlags?: readonly string[];
  /** False: without the launcher's restrictions, under which Node profiles nothing. */
  readonly restricted?: boolean;
  /** Which hops are encrypted. */
  readonly tls?: { readonly client: boolean; readonly provider: boolean };
}

interface Stoppable {
  stop(): Promise<void>;
}

const eventLog = (brokers: readonly string[]): KafkaLogConfig => ({
  kind: 'kafka',
  brokers,
  clientId: 'router-bench',
});

interface LaunchInputs {
  readonly options: RouterOptions;
  readonly policy: PolicyServer;
  readonly surroundings: Surroundings;
  readonly certificate: Certificate | undefined;
  readonly ports: { readonly client: number; readonly operator: number };
}

const launchRouter = ({
  options,
  policy,
  surroundings,
  certificate,
  ports,
}: LaunchInputs): Promise<Program> => {
  const program = join(options.root, 'apps', 'router', 'dist', 'main.js');
  if (!existsSync(program)) throw new Problem('The router is not built: run "npx turbo run build" first.');
  const launch = {
    host: '127.0.0.1',
    port: ports.client,
    operatorPort: ports.operator,
    routerId: 'router-bench',
    adminConfigGrpc: policy.address,
    serviceCredential: policy.routerCredential,
    telemetryLog: eventLog(options.brokers),
    payloadLog: eventLog(options.brokers),
    ...(options.tls?.client === true &&
      certificate !== undefined && {
        publicTls: {
          certificatePem: certificate.certificatePem,
          privateKeyPem: certificate.privateKeyPem,
        },
      }),
  };
  return startProgram({
    name: options.name,
    core: surroundings.gatewayCore,
    file: process.execPath,
    args: [
      ...(options.restricted === false ? [] : routerFlags(options.root)),
      ...(options.nodeFlags ?? []),
      program,
    ],
    input: `${JSON.stringify(launch)}\n`,
    env: {
      ...routerEnvironment,
      ...(certificate !== undefined && { NODE_EXTRA_CA_CERTS: certificate.certificateFile }),
    },
    cwd: '/',
    readyWhen: { line: '"ready":true' },
  });
};

/**
 * The router as the launcher runs it, alone on its core: it checks keys, reads usage, computes cost and publishes
 * telemetry to Kafka. No key has a grant.
 */
export const letheRouter = (options: RouterOptions): Gateway => ({
  name: options.name,
  ours: true,
  start: async (upstream, surroundings): Promise<RunningGateway> => {
    const { tls } = options;
    const started: Stoppable[] = [];
    const stop = async (): Promise<void> => {
      for (const each of started.reverse()) await each.stop();
    };
    try {
      const certificate = tls === undefined ? undefined : await makeCertificate(surroundings.folder);
      let providerUrl = `http://127.0.0.1:${upstream.port}/v1`;
      if (tls?.provider === true && certificate !== undefined) {
        const front = await startTlsProvider(upstream.port, certificate, surroundings);
        started.push(front);
        providerUrl = `https://localhost:${front.port}/v1`;
      }
      const policy = await startPolicyServer(options.policy, providerUrl);
      started.push({ stop: () => policy.close() });
      const [client = 0, operator = 0] = await freePorts(2);
      const router = await launchRouter({
        options,
        policy,
        surroundings,
        certificate,
        ports: { client, operator },
      });
      started.push(router);
      const front = tls?.client === true ? await startTlsClient(client, surroundings) : undefined;
      if (front !== undefined) started.push(front);
      return {
        asking: {
          port: front?.port ?? client,
          path: chatPath,
          model: `openai/${upstreamModel}`,
          headers: { Authorization: `Bearer ${policy.tokens[0]}` },
        },
        pids: [router.pid],
        ...(policy.tokens.length > 1 && { keys: policy.tokens }),
        stop,
        memory: () => readRouterMemory(operator),
        checkRecords: (requests) => untilRecordsAre(operator, requests),
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
});
