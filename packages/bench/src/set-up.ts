import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, setPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureTopics } from '@lethe/event-log';
import { type KafkaServer, startKafka } from '@lethe/test-servers';
import type { Bench, Pace } from './cells/cell.js';
import { peers } from './gateways/all.js';
import { repositoryRoot } from './places.js';
import { Problem } from './problem.js';
import { compileNative } from './programs/compile.js';
import { LoadGenerator } from './programs/load.js';
import { startMock } from './programs/mock.js';
import { runTool } from './programs/run-tool.js';
import type { Settings } from './settings.js';
import { writeAnswers } from './traffic/answers.js';

const gatewayCore = 0;
const otherCore = 1;
/** Of Linux' nice values; only root may go below 0. */
const firstPriority = -15;

const fullPace: Pace = {
  rounds: 5,
  windowSeconds: 4,
  warmUpSeconds: 8,
  warmUpRequests: 10_000,
  leadSeconds: 0.5,
};
const quickPace: Pace = {
  rounds: 3,
  windowSeconds: 1.5,
  warmUpSeconds: 3,
  warmUpRequests: 3000,
  leadSeconds: 0.25,
};

/** Two benches at once would measure each other. The name is given back when this process ends, however it ends. */
const alone = (): Promise<void> =>
  new Promise((done, refused) => {
    const server = createServer();
    server.once('error', () => refused(new Problem('Another bench runs on this machine: wait for its end.')));
    server.listen('\0lethe-bench', () => {
      server.unref();
      done();
    });
  });

/** This process and all it starts go to the other core: the gateways have theirs to themselves. */
const leaveGatewayCore = async (): Promise<void> => {
  if (process.platform !== 'linux' || cpus().length < 2)
    throw new Problem('The bench needs Linux and two cores: one is for the gateway alone.');
  const { ok } = await runTool('taskset', ['-a', '-c', '-p', String(otherCore), String(process.pid)]);
  if (!ok) throw new Problem('taskset could not bind the bench to a core.');
};

/** Linux may share cores out by session first, and only within one by process: both are asked. Returns how to undo it. */
const goFirst = (): (() => void) => {
  const session = '/proc/self/autogroup';
  const ask = (nice: number): void => {
    setPriority(nice);
    if (existsSync(session)) writeFileSync(session, String(nice));
  };
  try {
    ask(firstPriority);
  } catch {
    throw new Problem('Only root may go before the other processes of the machine (--first).');
  }
  return () => ask(0);
};

const startEventLog = async (): Promise<KafkaServer> => {
  const kafka = await startKafka();
  if ('unavailable' in kafka)
    throw new Problem(
      `The router publishes while it is measured, but there is no Kafka: ${kafka.unavailable}.`,
    );
  await ensureTopics({ kind: 'kafka', brokers: kafka.brokers, clientId: 'bench' }, { replicationFactor: 1 });
  return kafka;
};

/** The router to measure beside the first: of another checkout, with other flags, or profiled. */
const secondRouter = (settings: Settings, root: string): Pick<Bench, 'against'> => {
  const { against, againstFlags, profile } = settings;
  if ((against ?? againstFlags ?? profile) === undefined) return {};
  const nodeFlags = (againstFlags ?? '').split(' ').filter((flag) => flag !== '');
  if (profile !== undefined) nodeFlags.push('--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`);
  return {
    against: {
      root: against === undefined ? root : resolve(against),
      nodeFlags,
      restricted: profile === undefined,
    },
  };
};

/** Starts what every cell needs, hands it to `use`, and takes everything down again. Rejects with Problem. */
export const withBench = async <T>(
  settings: Settings,
  say: (line: string) => void,
  use: (bench: Bench) => Promise<T>,
): Promise<T> => {
  await alone();
  await leaveGatewayCore();
  const root = settings.checkout === undefined ? repositoryRoot : resolve(settings.checkout);
  const goBack = settings.first ? goFirst() : () => undefined;
  const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  const interrupted = (): void => process.exit(130);
  process.once('exit', forget).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const stops: (() => Promise<void>)[] = [];
  try {
    const native = await compileNative(folder);
    const answers = writeAnswers(folder);
    const kafka = await startEventLog();
    stops.push(() => kafka.stop());
    const mock = await startMock(native.mock, answers, otherCore);
    stops.push(() => mock.stop());
    return await use({
      surroundings: { folder, gatewayCore, otherCore },
      load: new LoadGenerator({ program: native.load, folder, core: otherCore, expected: answers }),
      mock,
      brokers: kafka.brokers,
      pace: settings.quick ? quickPace : fullPace,
      root,
      ...secondRouter(settings, root),
      peers: peers.filter(({ name }) => settings.peers.includes(name)),
      missing: new Map(),
      say,
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
    forget();
    goBack();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
};
