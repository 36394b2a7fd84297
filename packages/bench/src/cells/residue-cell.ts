import { Agent, request } from 'node:http';
import { denseCanary, denseText, scanProcessMemory } from '@lethe/leak-prover';
import type { Gateway, RunningGateway } from '../gateways/gateway.js';
import { Problem } from '../problem.js';
import { definedFigures, type Figures, type Spread, spreadOf } from '../statistics/spread.js';
import type { Bench, Cell } from './cell.js';
import { ourRouter } from './race.js';

const sizes = [1, 20, 200, 1000];
const requestsOfEach = 10;
const waitMs = 1000;

interface Sent {
  readonly running: RunningGateway;
  readonly stream: boolean;
  readonly content: string;
}

const send = ({ running, stream, content }: Sent, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const { port, path, model, headers } = running.asking;
    const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }], model, stream }));
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent,
        headers: { ...headers, 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
        response.resume();
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });

/** Bytes of a prompt of so many KB that a gateway's memory holds a second after the last of ten requests. */
const bytesLeft = async (running: RunningGateway, kilobytes: number, stream: boolean): Promise<number> => {
  const canary = denseCanary('prompt');
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  try {
    const content = denseText(canary, kilobytes * 1024);
    const statuses = await Promise.all(
      Array.from({ length: requestsOfEach }, () => send({ running, stream, content }, agent)),
    );
    if (statuses.some((status) => status !== 200))
      throw new Problem('it did not answer 200 to a request of the residue cell.');
  } finally {
    agent.destroy();
  }
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  let bytes = 0;
  for (const pid of running.pids)
    for (const hit of (await scanProcessMemory(pid, [canary])).hits) bytes += hit.bytes;
  return bytes;
};

const measure = async (bench: Bench, gateway: Gateway): Promise<Record<string, Spread | undefined>> => {
  const figures: Record<string, Spread | undefined> = {};
  for (const [mode, stream] of [
    ['json', false],
    ['burst', true],
  ] as const) {
    const running = await gateway.start({ port: bench.mock.portOf[mode] }, bench.surroundings);
    try {
      for (const size of sizes)
        figures[`bytes ${gateway.name} ${stream ? 'stream' : 'json'} ${size} KB`] = spreadOf([
          await bytesLeft(running, size, stream),
        ]);
    } finally {
      await running.stop();
    }
  }
  return figures;
};

/** The most of what is left by any router of ours, which a floor is about. */
const worstOf = (figures: Figures, names: readonly string[]): Spread | undefined =>
  spreadOf([
    Math.max(
      ...Object.entries(figures)
        .filter(([figure]) => names.some((name) => figure.startsWith(`bytes ${name} `)))
        .map(([, { value }]) => value),
    ),
  ]);

/**
 * How much of a prompt stands in a gateway's memory a second after the answer. The peers, which were not made to
 * forget, show that the search finds. The whole matrix is the residue suite of the system tests.
 */
export const residueCell: Cell = {
  name: 'residue',
  about:
    'Bytes of ten prompts in memory 1 s after the last answer, 1 KB to 1 MB, stream and not, plain and TLS',
  run: async (bench) => {
    const routers = [
      ourRouter(bench),
      ourRouter(bench, { name: 'lethe-tls', tls: { client: true, provider: true } }),
    ];
    const figures: Record<string, Spread | undefined> = {};
    for (const gateway of [...routers, ...bench.peers]) {
      if (bench.missing.has(gateway.name)) continue;
      try {
        Object.assign(figures, await measure(bench, gateway));
      } catch (error) {
        if (!(error instanceof Problem) || gateway.ours) throw error;
        bench.say(`*** ${gateway.name}: ${error.said}`);
      }
    }
    const found = definedFigures(figures);
    const worst = worstOf(
      found,
      routers.map(({ name }) => name),
    );
    return {
      cell: 'residue',
      figures: definedFigures({ ...found, 'bytes left at worst': worst }),
      problems: [],
    };
  },
};
