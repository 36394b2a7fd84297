import { setTimeout as pause } from 'node:timers/promises';
import type { ContainerEngine } from '@lethe/test-servers';
import type { Deployment } from '../deployment.js';

const kinds = ['crash', 'pause', 'disconnect'] as const;
type Kind = (typeof kinds)[number];

/** One thing that befalls one container. */
export interface Fault {
  readonly container: string;
  readonly service: string;
  readonly kind: Kind;
  readonly lastsMs: number;
  /** Of quiet afterwards. */
  readonly thenMs: number;
}

interface Target {
  readonly container: string;
  readonly service: string;
}

/** Every container that serves; the jobs have ended. */
export const targetsOf = async (deployment: Deployment): Promise<Target[]> => {
  const out = await deployment.must(['--profile', '*', 'ps', '--format', '{{.Name}} {{.Service}}']);
  return out
    .trim()
    .split('\n')
    .sort()
    .map((line) => line.split(' '))
    .map(([container = '', service = '']) => ({ container, service }));
};

/** Faults for about this long: one after the other, and each container before any comes again. */
export const planFaults = (targets: readonly Target[], forMs: number, random: () => number): Fault[] => {
  const faults: Fault[] = [];
  let totalMs = 0;
  while (totalMs < forMs) {
    const round = targets.map((target) => ({ target, at: random() })).sort((one, other) => one.at - other.at);
    for (const { target } of round) {
      if (totalMs >= forMs) break;
      const kind = kinds[Math.floor(random() * kinds.length)] ?? 'crash';
      const lastsMs = kind === 'crash' ? 0 : 1_500 + Math.floor(random() * 5_500);
      const thenMs = 1_000 + Math.floor(random() * 3_000);
      faults.push({ ...target, kind, lastsMs, thenMs });
      totalMs += lastsMs + thenMs;
    }
  }
  return faults;
};

/** Of the networks that a container is in, the one by which it reaches its neighbours. */
const networkOf = (service: string): string =>
  ({ balancer: 'edge', 'simulated-provider': 'egress' })[service] ?? 'backend';

const signalAll = (pids: readonly number[], signal: NodeJS.Signals): void => {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch {
      // A health check has ended meanwhile.
    }
};

/** Lets it happen, and takes back what has to be taken back. Rejects when the engine refuses. */
export const befall = async (
  engine: ContainerEngine,
  deployment: Deployment,
  fault: Fault,
): Promise<void> => {
  const { container, service, kind, lastsMs, thenMs } = fault;
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await engine.docker(args);
    if (code !== 0) throw new Error(`docker ${args.slice(0, 2).join(' ')}: ${err.slice(-300)}`);
    return out.trim();
  };
  if (kind === 'crash') {
    // `docker kill` would count as a wish: nothing is restarted after it. One that is being restarted has no process.
    const pid = Number(await docker('inspect', '--format', '{{.State.Pid}}', container));
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } else if (kind === 'pause') {
    // Not `docker pause`: where the kernel has only the old freezer it fails under load.
    const pids = (await docker('top', container, '-eo', 'pid')).split('\n').slice(1).map(Number);
    signalAll(pids, 'SIGSTOP');
    await pause(lastsMs);
    signalAll(pids, 'SIGCONT');
  } else {
    const network = `${deployment.project}_${networkOf(service)}`;
    await docker('network', 'disconnect', network, container);
    await pause(lastsMs);
    await docker('network', 'connect', '--alias', service, network, container);
  }
  await pause(thenMs);
};
