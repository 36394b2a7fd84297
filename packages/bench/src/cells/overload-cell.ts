import type { LoadResult } from '../programs/load-codec.js';
import { memoryOf } from '../programs/process-memory.js';
import { definedFigures, spreadOf } from '../statistics/spread.js';
import type { Cell } from './cell.js';
import { faultsOf, ourRouter, recordProblems } from './race.js';

const bodyBytes = 1024;
const connectionsAtPeak = 64;
const connectionsMax = 1024;
/** So many requests may wait for a connection; whoever finds more waiting goes away. */
const queueMax = 256;
const megabyte = 1024 * 1024;

const goodput = (result: LoadResult): number => (result.window.right * 1e9) / result.window_ns;

/** Twice the rate at which the router saturates: how much of its peak it still serves, and what it holds. */
export const overloadCell: Cell = {
  name: 'overload',
  about: 'Twice the saturating rate over up to 1,024 connections: goodput as a share of the peak, memory',
  run: async (bench) => {
    const { pace, load } = bench;
    const gateway = ourRouter(bench);
    const running = await gateway.start({ port: bench.mock.portOf.json }, bench.surroundings);
    const closed = { bodyBytes, stream: false, connections: connectionsAtPeak };
    const problems: string[] = [];
    const shares: number[] = [];
    const refused: number[] = [];
    let requests = 0;
    const seen = (result: LoadResult, { mayRefuse }: { readonly mayRefuse: boolean }): LoadResult => {
      requests += result.total.completed + result.unanswered;
      const judged = mayRefuse ? { ...result, total: { ...result.total, refused: 0 } } : result;
      problems.push(...faultsOf(gateway, judged));
      return result;
    };
    try {
      seen(await load.run(running, closed, { warmSeconds: 0, seconds: pace.warmUpSeconds }), {
        mayRefuse: false,
      });
      const window = { warmSeconds: pace.leadSeconds, seconds: pace.windowSeconds };
      for (let round = 0; round < pace.rounds; round += 1) {
        const peak = goodput(seen(await load.run(running, closed, window), { mayRefuse: false }));
        const rate = Math.ceil(2 * peak);
        const open = { ...closed, connections: connectionsMax, queue: queueMax, rate };
        const over = seen(await load.run(running, open, window), { mayRefuse: true });
        shares.push(goodput(over) / peak);
        refused.push(over.window.refused / over.window.completed);
      }
      const memory = memoryOf(running.pids);
      problems.push(...(await recordProblems(gateway.name, running, requests)));
      const figures = definedFigures({
        'goodput / peak': spreadOf(shares),
        'share refused with 503': spreadOf(refused),
        'MB peak': spreadOf([memory.peak / megabyte]),
      });
      return { cell: 'overload', figures, problems };
    } finally {
      await running.stop();
    }
  },
};
