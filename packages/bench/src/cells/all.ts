import type { Cell } from './cell.js';
import { cpuCell } from './cpu-cell.js';
import { latencyCell } from './latency-cell.js';
import { memoryCell } from './memory-cell.js';
import { overloadCell } from './overload-cell.js';
import { ourRouter } from './race.js';
import { ratioCell } from './ratio-cell.js';
import { residueCell } from './residue-cell.js';

const kb = 1024;
const small = { bodyBytes: kb, stream: false, connections: 64 };

const tlsCell = (name: string, about: string, tls: { client: boolean; provider: boolean }): Cell =>
  ratioCell({
    name,
    about: `CPU per request of 1 KB, ${about} over TLS, as a multiple of plain`,
    traffic: small,
    routers: (bench) => [ourRouter(bench), ourRouter(bench, { name: 'tls', tls })],
  });

/** Every cell, in the order in which they run. */
export const cells: readonly Cell[] = [
  cpuCell({
    name: '1kb',
    about: 'CPU per request, 1 KB request, JSON answer of 1.1 KB, 64 connections',
    mode: 'json',
    traffic: small,
  }),
  cpuCell({
    name: '100kb',
    about: 'CPU per request, 100 KB request, 64 connections',
    mode: 'json',
    traffic: { bodyBytes: 100 * kb, stream: false, connections: 64 },
  }),
  cpuCell({
    name: '1mb',
    about: 'CPU per request, 1 MB request, 16 connections',
    mode: 'json',
    traffic: { bodyBytes: 1024 * kb, stream: false, connections: 16 },
  }),
  cpuCell({
    name: 'burst',
    about: 'CPU per stream of 100 events that come at once, 64 connections',
    mode: 'burst',
    traffic: { bodyBytes: kb, stream: true, connections: 64 },
  }),
  cpuCell({
    name: 'paced',
    about: 'CPU per stream of 100 events, one each 5 ms, about 64 streams at a time',
    mode: 'paced5',
    traffic: { bodyBytes: kb, stream: true, connections: 256, rate: 125, exchangeSeconds: 0.5 },
  }),
  latencyCell({
    name: 'latency-1kb',
    about: 'Latency added at 1 KB, 200 requests a second',
    mode: 'json',
    traffic: { ...small, rate: 200 },
    windowFactor: 3,
    until: 'latency_ns',
  }),
  latencyCell({
    name: 'ttfb',
    about: 'Time added to the first byte of a stream, 10 a second, events 20 ms apart',
    mode: 'paced20',
    traffic: { bodyBytes: kb, stream: true, connections: 64, rate: 10, exchangeSeconds: 2 },
    windowFactor: 5,
    until: 'first_byte_ns',
  }),
  tlsCell('tls-in', 'the client', { client: true, provider: false }),
  tlsCell('tls-up', 'the provider', { client: false, provider: true }),
  tlsCell('tls-both', 'both', { client: true, provider: true }),
  memoryCell,
  ratioCell({
    name: 'scale-keys',
    about:
      'CPU per request of 1 KB with 10,000 API keys in use, as a multiple of one key; beside it one key again',
    traffic: small,
    routers: (bench) => [
      ourRouter(bench),
      ourRouter(bench, { name: 'same again' }),
      ourRouter(bench, { name: '10000 keys', policy: { apiKeys: 10_000, organizations: 1 } }),
    ],
  }),
  ratioCell({
    name: 'scale-orgs',
    about:
      'CPU per request of 1 KB with 1,000 organizations, a key each, as a multiple of one; beside it one again',
    traffic: small,
    routers: (bench) => [
      ourRouter(bench),
      ourRouter(bench, { name: 'same again' }),
      ourRouter(bench, { name: '1000 orgs', policy: { apiKeys: 1000, organizations: 1000 } }),
    ],
  }),
  overloadCell,
  residueCell,
];
