import { join } from 'node:path';
import { type ServiceName, serviceNames } from '@lethe/contracts';
import { programOf } from '../../repository.js';
import { timed } from '../../terminal/print.js';
import type { Home } from '../home/home.js';
import type { Reservation } from './ports.js';
import { serviceCommand } from './service-command.js';
import { type Launch, SupervisedService } from './supervised-service.js';

type ChildName = ServiceName | 'simulated-provider';

export interface ServicesOptions {
  readonly home: Home;
  readonly environment: Readonly<Record<string, string>>;
  readonly reservation: Reservation;
  readonly routerWorkers: number;
  /** Called when other processes serve than before: a service or a worker is ready again, or one has ended. */
  readonly onRestarted: () => void;
}

/**
 * In the order in which they stop, and how long after the order to stop each is killed. A router that streams takes
 * 4 s to end its requests and hand over the last bills; the others are done in milliseconds and lose nothing when killed.
 */
const stopOrder: readonly { readonly name: ChildName; readonly killedAtMs: number }[] = [
  { name: 'router', killedAtMs: 4_100 },
  { name: 'accounting', killedAtMs: 4_300 },
  { name: 'audit', killedAtMs: 4_400 },
  { name: 'admin-config', killedAtMs: 4_450 },
  { name: 'simulated-provider', killedAtMs: 4_500 },
];

const portsOfService = {
  router: ['router', 'routerOperator'],
  'admin-config': ['adminConfig', 'adminConfigGrpc'],
  accounting: ['accounting', 'accountingGrpc'],
  audit: ['audit', 'auditGrpc'],
  'simulated-provider': ['simulatedProvider'],
} as const;

/** The processes of one run. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #running = new Map<ChildName, SupervisedService>();

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  pid(name: ServiceName): number {
    return this.#running.get(name)?.pid ?? 0;
  }

  /** The processes that serve: of a router its workers, of any other service the service itself. */
  pids(name: ServiceName): readonly number[] {
    return this.#running.get(name)?.servingPids ?? [];
  }

  /** Starts every process, so that they load their code while the database comes up. */
  async prepare(): Promise<void> {
    const { ports, release } = this.#options.reservation;
    await release(...portsOfService['simulated-provider']);
    this.#prepare('simulated-provider', [programOf('packages/simulated-provider')], {
      PORT: String(ports.simulatedProvider),
      HOST: '127.0.0.1',
      LAUNCHED_BY_PIPE: '1',
    });
    for (const name of serviceNames) {
      const { argv, env } = serviceCommand(name, this.#options.routerWorkers);
      this.#prepare(name, argv, env);
    }
  }

  /** Hands over the launch objects; resolves when all services are ready. Rejects with Problem. */
  async start(launch: Readonly<Record<ServiceName, Launch>>): Promise<void> {
    const launches: Readonly<Record<ChildName, Launch>> = { ...launch, 'simulated-provider': () => ({}) };
    await Promise.all(
      [...this.#running].map(async ([name, service]) => {
        await this.#options.reservation.release(...portsOfService[name]);
        await timed(name, () => service.start(launches[name]));
      }),
    );
  }

  /** One after the other: the router drains into services that still run. Never rejects. */
  async stop(): Promise<void> {
    const startedAtMs = performance.now();
    for (const { name, killedAtMs } of stopOrder) {
      const leftMs = killedAtMs - (performance.now() - startedAtMs);
      await this.#running.get(name)?.stop(Math.max(leftMs, 0));
    }
  }

  #prepare(name: ChildName, argv: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const { home, environment, onRestarted } = this.#options;
    const logPath = join(home.logs, `${name}.log`);
    const service = new SupervisedService(
      { name, argv, env: { ...environment, ...env }, logPath },
      onRestarted,
    );
    this.#running.set(name, service);
    service.prepare();
  }
}
