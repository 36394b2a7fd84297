import { join } from 'node:path';
import type { ServiceName } from '@lethe/contracts';
import { programOf } from '../../repository.js';
import { timed } from '../../terminal/print.js';
import type { Home } from '../home/home.js';
import type { Reservation } from './ports.js';
import { routerPermissions } from './router-permissions.js';
import { SupervisedService } from './supervised-service.js';

type ChildName = ServiceName | 'simulated-provider';

export interface ServicesOptions {
  readonly home: Home;
  readonly environment: Readonly<Record<string, string>>;
  readonly reservation: Reservation;
  /** Called when a service is ready again after it had ended by itself. */
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
  #stopped = false;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  pid(name: ServiceName): number {
    return this.#running.get(name)?.pid ?? 0;
  }

  startSimulatedProvider(): Promise<void> {
    const { simulatedProvider } = this.#options.reservation.ports;
    return this.#start('simulated-provider', {
      argv: [programOf('packages/simulated-provider')],
      env: { PORT: String(simulatedProvider), HOST: '127.0.0.1', LAUNCHED_BY_PIPE: '1' },
      launch: {},
    });
  }

  startService(name: ServiceName, launch: object): Promise<void> {
    const permissions = name === 'router' ? routerPermissions() : [];
    return this.#start(name, { argv: [...permissions, programOf(`apps/${name}`)], env: {}, launch });
  }

  /** One after the other: the router drains into services that still run. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const startedAtMs = performance.now();
    for (const { name, killedAtMs } of stopOrder) {
      const leftMs = killedAtMs - (performance.now() - startedAtMs);
      await this.#running.get(name)?.stop(Math.max(leftMs, 0));
    }
  }

  async #start(
    name: ChildName,
    spec: { argv: readonly string[]; env: Readonly<Record<string, string>>; launch: object },
  ): Promise<void> {
    const { home, environment, reservation, onRestarted } = this.#options;
    const service = new SupervisedService(
      { ...spec, name, env: { ...environment, ...spec.env }, logPath: join(home.logs, `${name}.log`) },
      onRestarted,
    );
    await reservation.release(...portsOfService[name]);
    if (this.#stopped) return;
    this.#running.set(name, service);
    await timed(name, () => service.start());
  }
}
