import type { Cell } from './cell.js';
import { cpuCell } from './cpu-cell.js';

const kb = 1024;

/** Every cell, in the order in which they run. */
export const cells: readonly Cell[] = [
  cpuCell({
    name: '1kb',
    about: 'CPU per request, 1 KB request, JSON answer of 1.1 KB, 64 connections',
    mode: 'json',
    traffic: { bodyBytes: kb, stream: false, connections: 64 },
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
    traffic: { bodyBytes: kb, stream: true, connections: 256, rate: 125 },
  }),
];
