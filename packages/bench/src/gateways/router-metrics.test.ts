import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Problem } from '../problem.js';
import { sumOf, untilRecordsAre } from './router-metrics.js';

const metrics = (requests: number, stored: number): string => `# HELP lethe_router_requests_total Requests
lethe_router_requests_total{outcome="ok",service="router"} ${requests - 1}
lethe_router_requests_total{outcome="caller_error",service="router"} 1
lethe_router_telemetry_stored_total{service="router"} ${stored}
lethe_router_telemetry_lost_total{service="router"} 0
lethe_router_telemetry_waiting{service="router"} 0
`;

describe('figures in Prometheus text', () => {
  it('are summed over their labels', () => {
    expect(sumOf(metrics(10, 9), 'lethe_router_requests_total')).toBe(10);
  });

  it('are missed when they are not there, also when a longer name begins the same', () => {
    expect(() => sumOf(metrics(1, 1), 'lethe_router_requests')).toThrow(Problem);
  });
});

describe('untilRecordsAre', () => {
  let server: Server;
  afterEach(() => {
    server.close();
  });

  const serving = async (text: () => string): Promise<number> => {
    server = createServer((_, res) => res.end(text()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  it('waits until the last record is stored', async () => {
    let asked = 0;
    const port = await serving(() => metrics(10, ++asked > 2 ? 10 : 7));
    await untilRecordsAre(port, 10);
    expect(asked).toBe(3);
  });

  it('rejects at once when there are more records than requests', async () => {
    const port = await serving(() => metrics(10, 11));
    await expect(untilRecordsAre(port, 10)).rejects.toThrow(Problem);
  });
});
