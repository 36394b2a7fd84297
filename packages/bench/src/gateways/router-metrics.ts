import { Problem } from '../problem.js';

/** The figures of a router that the bench looks at. */
interface RouterFigures {
  readonly requests: number;
  readonly recordsStored: number;
  readonly recordsLost: number;
  readonly recordsWaiting: number;
}

/** The sum of all lines of one figure in Prometheus text. Throws Problem when there is none. */
export const sumOf = (text: string, name: string): number => {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (lines.length === 0) throw new Problem(`The router shows no ${name}.`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
};

const metricsText = async (operatorPort: number): Promise<string> =>
  (await fetch(`http://127.0.0.1:${operatorPort}/metrics`)).text();

const readRouterFigures = (text: string): RouterFigures => ({
  requests: sumOf(text, 'lethe_router_requests_total'),
  recordsStored: sumOf(text, 'lethe_router_telemetry_stored_total'),
  recordsLost: sumOf(text, 'lethe_router_telemetry_lost_total'),
  recordsWaiting: sumOf(text, 'lethe_router_telemetry_waiting'),
});

/** Bytes: the JavaScript heap in use and reserved, and what Node holds beside it. */
export const readRouterMemory = async (operatorPort: number): Promise<Readonly<Record<string, number>>> => {
  const text = await metricsText(operatorPort);
  return {
    'heap used': sumOf(text, 'nodejs_heap_size_used_bytes'),
    'heap reserved': sumOf(text, 'nodejs_heap_size_total_bytes'),
    'outside the heap': sumOf(text, 'nodejs_external_memory_bytes'),
  };
};

const settleMsMax = 15_000;
const pollMs = 100;

/** Waits until every record of `requests` requests is stored. Rejects with Problem when that does not come about. */
export const untilRecordsAre = async (operatorPort: number, requests: number): Promise<void> => {
  const deadline = performance.now() + settleMsMax;
  for (;;) {
    const figures = readRouterFigures(await metricsText(operatorPort));
    if (figures.recordsStored === requests && figures.requests === requests) return;
    if (figures.recordsStored > requests || performance.now() > deadline)
      throw new Problem(
        `${requests} requests were answered, but the router counts ${figures.requests} and ${figures.recordsStored} telemetry records are stored (${figures.recordsLost} lost, ${figures.recordsWaiting} waiting).`,
      );
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};
