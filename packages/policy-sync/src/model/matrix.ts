/** One search: what is defined in the model, and what must come out. */
export interface Search {
  readonly name: string;
  readonly model: 'lease' | 'key-fence';
  readonly defines: readonly string[];
  readonly expected: 'no errors' | 'assertion violated';
  readonly twoRouters: boolean;
}

const lease = (name: string, defines: string, expected: Search['expected']): Search => ({
  name,
  model: 'lease',
  defines: defines.split(' '),
  expected,
  twoRouters: false,
});

const pair = (name: string, defines: string): Search => ({
  ...lease(name, `NR=2 MAXMSG=1 ${defines}`, 'no errors'),
  twoRouters: true,
});

const fence = (name: string, define: string, expected: Search['expected']): Search => ({
  name,
  model: 'key-fence',
  defines: [define],
  expected,
  twoRouters: false,
});

const holds = 'no errors';
const fails = 'assertion violated';
const everyMutation = 'M_NOLEASE M_BADCLOCK M_GRANTLATE M_STALEGRANT M_FORGET M_NOFLUSH';

/** Every search of the protocol's proof. A mutation that stops failing is as bad as a property that breaks. */
export const searches: readonly Search[] = [
  lease('P1', 'P1', holds),
  lease('P1, crashes', 'P1 RCRASH', holds),
  lease('P2 without fence', 'P2', fails),
  lease('P2, fence', 'P2 FENCE', holds),
  lease('P2, fence, freezes', 'P2 FENCE PAUSE', holds),
  lease('P2, fence, freezes, crashes', 'P2 FENCE PAUSE RCRASH', holds),
  lease('P1, freezes', 'P1 PAUSE', fails),
  lease('P2 without fence, freezes', 'P2 PAUSE', fails),
  lease('P3, cached check, freezes', 'P3 PAUSE', fails),
  lease('P3, cached check', 'P3', fails),
  lease('P3, database fence, freezes, crashes', 'P3 DBFENCE PAUSE RCRASH', holds),
  lease('P3 likewise, all six mutations', `P3 DBFENCE PAUSE RCRASH ${everyMutation}`, holds),
  lease('M_NOLEASE + M_BADCLOCK, P1', 'P1 M_NOLEASE M_BADCLOCK', fails),
  lease('M_BADCLOCK, P1', 'P1 M_BADCLOCK', fails),
  lease('M_GRANTLATE, P1', 'P1 M_GRANTLATE', fails),
  lease('M_STALEGRANT, P1', 'P1 M_STALEGRANT', fails),
  lease('M_FORGET, P1', 'P1 M_FORGET', fails),
  lease('M_NOFLUSH, P2, fence', 'P2 FENCE M_NOFLUSH', fails),
  pair('two routers: P1, crashes', 'P1 RCRASH'),
  pair('two routers: P2, fence, freezes', 'P2 FENCE PAUSE'),
  pair('two routers: P3, database fence, freezes', 'P3 DBFENCE PAUSE'),
  fence('key fence', 'BASE', holds),
  fence('key fence, M_NOLOCK', 'M_NOLOCK', fails),
  fence('key fence, M_GHOST', 'M_GHOST', fails),
  fence('key fence, M_LATEKEY', 'M_LATEKEY', fails),
  fence('key fence, M_KEEPKEY', 'M_KEEPKEY', fails),
  fence('key fence, M_SEALLATE', 'M_SEALLATE', fails),
];
