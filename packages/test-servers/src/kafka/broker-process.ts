import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs, { type KafkaConfig } from 'kafkajs';
import { onPath } from './jars.js';
import { type BrokerLayout, serverProperties } from './server-properties.js';

const run = promisify(execFile);
const readyWithinMs = 90_000;
const clusterId = 'TGV0aGVUZXN0Q2x1c3Rlcg';

const logSettings = `rootLogger.level=warn
rootLogger.appenderRef.stderr.ref=stderr
appender.stderr.type=Console
appender.stderr.name=stderr
appender.stderr.target=SYSTEM_ERR
appender.stderr.layout.type=PatternLayout
appender.stderr.layout.pattern=%d %p %m (%c)%n
`;

export interface BrokerProcessOptions {
  readonly jars: string;
  readonly folder: string;
  readonly layout: BrokerLayout;
  readonly users: readonly { name: string; password: string }[];
}

/** One broker on one data folder; started, killed and started again by its own handle. */
export class BrokerProcess {
  readonly #options: BrokerProcessOptions;
  readonly #properties: string;
  readonly #log: string;
  #child: ChildProcess | undefined;

  constructor(options: BrokerProcessOptions) {
    this.#options = options;
    this.#properties = join(options.folder, 'server.properties');
    this.#log = join(options.folder, 'broker.log');
    process.on('exit', this.#killNow);
  }

  /** Writes the configuration and lays out the data folder, with the users a secure broker starts with. */
  async format(): Promise<void> {
    const { folder, layout, users } = this.#options;
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.#properties, serverProperties(layout));
    writeFileSync(join(folder, 'log4j2.properties'), logSettings);
    const added = users.flatMap(({ name, password }) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ]);
    const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', this.#properties, ...added];
    await run('java', [...this.#jvm(), ...tool], { timeout: readyWithinMs });
  }

  /** Resolves when the broker answers; rejects with the end of its log when it does not. */
  async start(): Promise<void> {
    const log = openSync(this.#log, 'a');
    const command = ['java', ...this.#jvm(), 'kafka.Kafka', this.#properties];
    // The kernel ends the broker with its parent: a test worker that is killed runs no exit handler.
    const [program = 'java', ...args] = onPath('setpriv')
      ? ['setpriv', '--pdeathsig', 'KILL', ...command]
      : command;
    const child = spawn(program, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    child.on('error', () => undefined);
    this.#child = child;
    const deadline = performance.now() + readyWithinMs;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await this.kill();
        throw new Error(`the broker did not come up:\n${readFileSync(this.#log, 'utf8').slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
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

  readonly #killNow = (): void => {
    this.#child?.kill('SIGKILL');
  };

  #jvm(): string[] {
    const { folder, jars } = this.#options;
    const memory = [
      '-Xms128m',
      '-Xmx512m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-XX:-UsePerfData',
    ];
    const settings = `-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`;
    return [...memory, settings, '-cp', join(jars, '*')];
  }

  async #answers(): Promise<boolean> {
    const { layout } = this.#options;
    const admin = layout.certificates?.clients.admin;
    const config: KafkaConfig = {
      brokers: [`127.0.0.1:${layout.clientPort}`],
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: 500,
      retry: { retries: 0 },
      ...(layout.certificates && admin && { ssl: { ca: layout.certificates.ca, ...admin } }),
    };
    const client = new kafkajs.Kafka(config).admin();
    try {
      await client.connect();
      const cluster = await client.describeCluster();
      return cluster.brokers.length > 0 && (cluster.controller ?? -1) !== -1;
    } catch {
      return false;
    } finally {
      await client.disconnect().catch(() => undefined);
    }
  }
}
