import { PostgresServerError } from '@lethe/postgres-server';
import { print, remark, timed } from '../terminal/print.js';
import { closingPage } from './closing-page.js';
import type { RoleName } from './cluster/databases.js';
import { prepareDatabases } from './cluster/prepare-databases.js';
import { prepareDemo } from './demo/prepare-demo.js';
import type { ZdrWatch } from './demo/zdr-watch.js';
import type { Home } from './home/home.js';
import { loadSecrets } from './home/secrets.js';
import type { Secrets } from './home/secrets-codec.js';
import { type RunFacts, RunFile } from './run-file.js';
import { launchObjects } from './services/launch-objects.js';
import { type Reservation, reservePorts } from './services/ports.js';
import { checkPreflight } from './services/preflight.js';
import { Services } from './services/services.js';
import { postgresProblem, SupervisedPostgres } from './services/supervised-postgres.js';
import type { UpSettings } from './settings.js';

export interface RunOptions {
  readonly home: Home;
  readonly settings: UpSettings;
  /** Fires when everything is to stop. */
  readonly signal: AbortSignal;
}

/** Each router holds two connections to the event log and one to the object store, twice as many while others replace them. */
const connectionsFor = (routerWorkers: number): Readonly<Record<string, string>> => ({
  max_connections: String(100 + 6 * (routerWorkers - 1)),
});

/** One run of everything on a home that this process has locked. */
class LetheRun {
  readonly #options: RunOptions;
  readonly #runFile: RunFile;
  #reservation: Reservation | undefined;
  #postgres: SupervisedPostgres | undefined;
  #services: Services | undefined;
  #zdrWatch: ZdrWatch | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#runFile = new RunFile(options.home);
  }

  /** Rejects with Problem, or with whatever the signal carries when it fires in between. */
  async start(): Promise<void> {
    const { home, settings, signal } = this.#options;
    const since = new Date();
    await this.#runFile.begin();
    const reservation = await reservePorts(settings.portBase);
    this.#reservation = reservation;
    const secrets = await loadSecrets(home);
    const services = new Services({
      home,
      environment: settings.childEnvironment,
      reservation,
      routerWorkers: settings.routerWorkers,
      onRestarted: () => this.#runFile.refresh(),
    });
    this.#services = services;
    signal.throwIfAborted();
    await services.prepare();
    const databaseUrl = await this.#startDatabases(secrets);
    signal.throwIfAborted();
    const { providerAccounts, billingDurability, routerWorkers, leaseTtlMs } = settings;
    await services.start(
      launchObjects({
        ports: reservation.ports,
        secrets,
        providerAccounts,
        billingDurability,
        routerWorkers,
        leaseTtlMs,
        databaseUrl,
        anchorsFolder: home.anchors,
      }),
    );
    signal.throwIfAborted();
    const findings = checkPreflight(
      { pid: services.pid('router'), workerPids: services.pids('router') },
      settings.strict,
    );
    const zdrWatch = await timed('demo', () =>
      prepareDemo({ home, ports: reservation.ports, secrets, since, signal }),
    );
    this.#zdrWatch = zdrWatch;
    signal.throwIfAborted();
    const facts: RunFacts = {
      ports: reservation.ports,
      secrets,
      zdrSlugs: zdrWatch.slugs,
      pids: (service) => services.pids(service),
    };
    await this.#runFile.write(facts);
    zdrWatch.start(() => this.#runFile.refresh());
    print(
      closingPage({
        ...facts,
        home,
        findings,
        startedInMs: performance.now(),
        behindProxy: settings.behindProxy,
      }),
    );
  }

  /** Stops what runs, in order; may be called while `start` is under way and again after it. */
  async stop(): Promise<void> {
    await this.#runFile.end();
    this.#zdrWatch?.stop();
    await this.#services?.stop();
  }

  /** Stops what the services stood on, when they are gone and `start` has ended. */
  async stopGround(): Promise<void> {
    await this.#postgres?.stop();
    await this.#reservation?.releaseAll();
  }

  async #startDatabases(secrets: Secrets): Promise<(role: RoleName) => string> {
    const { home, settings } = this.#options;
    const superuserPassword = secrets.postgresPassword;
    const postgres = await timed('Postgres', () =>
      SupervisedPostgres.start({
        dataDir: home.postgresData,
        superuserPassword,
        extraSettings: connectionsFor(settings.routerWorkers),
      }),
    );
    this.#postgres = postgres;
    try {
      const logins = await timed('databases', () => prepareDatabases(postgres.connection, superuserPassword));
      return (role) => postgres.url(logins[role]);
    } catch (error) {
      throw error instanceof PostgresServerError ? postgresProblem(error) : error;
    }
  }
}

/** Starts everything, runs until the signal fires, stops everything. Rejects with Problem when it cannot start. */
export const runLethe = async (options: RunOptions): Promise<void> => {
  const run = new LetheRun(options);
  const { signal } = options;
  const asked = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const starting = run.start();
  try {
    await Promise.race([starting, asked]);
    await asked;
    remark('Stopping …');
  } finally {
    await run.stop();
    // A start that was interrupted ends soon now; what it started meanwhile is stopped as well.
    await starting.catch(() => undefined);
    await run.stop();
    await run.stopGround();
  }
};
