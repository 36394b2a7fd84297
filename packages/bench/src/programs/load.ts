import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.js';
import { type Asking, requestBody, requestHead } from '../traffic/requests.js';
import { decodeLoadResult, type LoadResult } from './load-codec.js';
import { runTool } from './run-tool.js';

/** What is sent, the same for every gateway of a cell. */
export interface Traffic {
  readonly bodyBytes: number;
  readonly stream: boolean;
  readonly connections: number;
  /** The mock provider is asked not to pace its answers. */
  readonly hurry?: boolean;
  /** Requests a second; absent: each connection sends its next request when it has its answer. */
  readonly rate?: number;
  /** How long one exchange lasts at least: a window begins only after that. */
  readonly exchangeSeconds?: number;
  /** Requests that may wait for a free connection at a fixed rate. */
  readonly queue?: number;
}

export interface LoadTarget {
  readonly asking: Asking;
  /** Whose CPU time is read. */
  readonly pids: readonly number[];
  /** Bearer tokens that requests carry in turn, the first of them standing in the headers of `asking`. */
  readonly keys?: readonly string[];
}

export interface Window {
  readonly warmSeconds: number;
  readonly seconds: number;
}

const drainMsMax = 10_000;

/** Runs the load generator against one gateway. Rejects with Problem when it could not do its work. */
export class LoadGenerator {
  constructor(
    private readonly options: {
      readonly program: string;
      readonly folder: string;
      readonly core: number;
      readonly expected: { readonly json: string; readonly stream: string };
    },
  ) {}

  async run(target: LoadTarget, traffic: Traffic, window: Window): Promise<LoadResult> {
    const { program, folder, core, expected } = this.options;
    const file = (name: string): string => join(folder, `request-${name}`);
    const body = requestBody({
      bytes: traffic.bodyBytes,
      model: target.asking.model,
      stream: traffic.stream,
      ...(traffic.hurry && { hurry: true }),
    });
    writeFileSync(file('body'), body);
    writeFileSync(file('head'), requestHead(target.asking, body.length));
    if (target.keys !== undefined)
      writeFileSync(file('keys'), target.keys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
    const args = [
      `port=${target.asking.port}`,
      `head=${file('head')}`,
      `body=${file('body')}`,
      `expect=${traffic.stream ? expected.stream : expected.json}`,
      `connections=${traffic.connections}`,
      `seconds=${window.seconds}`,
      `warm=${window.warmSeconds}`,
      `pids=${target.pids.join(',')}`,
      ...(traffic.rate === undefined ? [] : [`rate=${traffic.rate}`]),
      ...(traffic.queue === undefined ? [] : [`queue=${traffic.queue}`]),
      ...(target.keys === undefined ? [] : [`keys=${file('keys')}`]),
    ];
    const { ok, output } = await runTool('taskset', ['-c', String(core), program, ...args], {
      timeoutMs: (window.warmSeconds + window.seconds) * 1000 + 2 * drainMsMax,
    });
    if (!ok) throw new Problem(`The load generator stopped: ${output.trim()}`);
    return decodeLoadResult(output);
  }
}
