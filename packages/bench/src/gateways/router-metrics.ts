import { Problem } from '../problem.js';

/** The figures of a router that the bench looks at. */
export interface RouterFigures {
  readonly requests: number;
  readonly recordsStored: number;
  readonly recordsLost: number;
  readonly recordsWaiting: number;
}

const sumOf = (text: string, name: string): number => {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (lines.length === 0) throw new Problem(`The router shows no ${name}.`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
};

/** Reads the figures out of the Prometheus text. Throws Problem when one is missing. */
export const readRouterFigures = (text: string): RouterFigures => ({
  requests: sumOf(text, 'lethe_router_requests_total'),
  recordsStored: sumOf(text, 'lethe_router_telemetry_stored_total'),
  recordsLost: sumOf(text, 'lethe_router_telemetry_lost_total'),
  recordsWaiting: sumOf(text, 'lethe_router_telemetry_waiting'),
});

const settleMsMax = 15_000;
const pollMs = 100;

/** Waits until every record of `requests` requests is stored. Rejects with Problem when that does not come about. */
export const untilRecordsAre = async (operatorPort: number, requests: number): Promise<void> => {
  const deadline = performance.now() + settleMsMax;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${operatorPort}/metrics`);
    const figures = readRouterFigures(await response.text());
    if (figures.recordsStored === requests && figures.requests === requests) return;
    if (figures.recordsStored > requests || performance.now() > deadline)
      throw new Problem(
        `${requests} requests were answered, but the router counts ${figures.requests} and ${figures.recordsStored} telemetry records are stored (${figures.recordsLost} lost, ${figures.recordsWaiting} waiting).`,
      );
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};
