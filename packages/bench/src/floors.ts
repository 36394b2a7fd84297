/** What a figure of a cell must keep, and what is hoped for. */
export interface Floor {
  readonly cell: string;
  readonly figure: string;
  /** Exactly one of the two. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The same sense as the floor; missing it fails nothing. */
  readonly aim?: number;
  /** The gateway that must have been measured for the figure to exist. */
  readonly needs?: string;
}

const cpuAgainst = (cell: string, peer: string, atMost: number, aim: number): Floor => ({
  cell,
  figure: `lethe / ${peer}`,
  atMost,
  aim,
  needs: peer,
});
const portkeyTimes = (cell: string): Floor => ({
  cell,
  figure: 'portkey / lethe',
  atLeast: 12,
  needs: 'portkey',
});
const latency = (cell: string, share: 'p50' | 'p99', atMost: number, aim: number): Floor => ({
  cell,
  figure: `${share} lethe / haproxy`,
  atMost,
  aim,
  needs: 'haproxy',
});

/** TLS on one hop may cost at most this much more than none; on two, its square. */
const tlsPerHop = 1.4;
/** Two measurements of the same thing differ by less than this. */
const noise = 1.1;

/** Every floor that `npm run bench` holds to. */
export const floors: readonly Floor[] = [
  cpuAgainst('1kb', 'haproxy', 4, 2),
  portkeyTimes('1kb'),
  cpuAgainst('100kb', 'haproxy', 3, 2),
  portkeyTimes('100kb'),
  cpuAgainst('1mb', 'haproxy', 3, 2),
  portkeyTimes('1mb'),
  cpuAgainst('burst', 'nginx', 1.6, 1),
  // Recorded, not wished for: docs/adr/0015.
  cpuAgainst('paced', 'nginx', 3, 1),
  latency('latency-1kb', 'p50', 4, 1.5),
  latency('latency-1kb', 'p99', 4, 1.5),
  latency('ttfb', 'p50', 4, 2),
  latency('ttfb', 'p99', 5, 2),
  { cell: 'tls-in', figure: 'tls / lethe', atMost: tlsPerHop },
  { cell: 'tls-up', figure: 'tls / lethe', atMost: tlsPerHop },
  { cell: 'tls-both', figure: 'tls / lethe', atMost: 1.96 },
  { cell: 'memory', figure: 'MB lethe', atMost: 130, aim: 90 },
  { cell: 'scale-keys', figure: '10000 keys / lethe', atMost: noise },
  { cell: 'scale-orgs', figure: '1000 orgs / lethe', atMost: noise },
  { cell: 'overload', figure: 'goodput / peak', atLeast: 0.9 },
  { cell: 'overload', figure: 'MB peak', atMost: 260 },
  { cell: 'residue', figure: 'bytes left at worst', atMost: 0 },
];
