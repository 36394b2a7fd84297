import { floors } from '../floors.js';
import { Problem } from '../problem.js';
import { judgeAll } from '../statistics/verdict.js';
import type { BenchResults } from './results.js';
import { boundText, spreadText } from './table.js';

const about: Readonly<Record<string, string>> = {
  '1kb': '1 KB request, JSON answer, 64 connections',
  '100kb': '100 KB request, 64 connections',
  '1mb': '1 MB request, 16 connections',
  burst: 'stream of 100 events at once, 64 connections',
  paced: 'stream of 100 events 5 ms apart, 125 streams a second',
};
const gatewayOrder = ['lethe', 'haproxy', 'nginx', 'tensorzero', 'portkey', 'litellm'];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const floorTable = ({ cells, peersAsked }: BenchResults): string =>
  table(
    ['cell', 'figure', 'floor', 'aim', 'measured', ''],
    judgeAll(floors, cells, peersAsked).map((judged) => [
      judged.floor.cell,
      judged.floor.figure,
      boundText(judged),
      judged.floor.aim === undefined ? '' : String(judged.floor.aim),
      judged.measured === undefined ? 'not measured' : spreadText(judged.measured),
      judged.verdict,
    ]),
  );

/** One row for each cell, one column for each gateway that has a figure in any of them. */
const gatewayTable = (
  { cells }: BenchResults,
  names: readonly string[],
  figure: (gateway: string) => string,
): string => {
  const rows = cells.filter(({ cell }) => names.includes(cell));
  const gateways = gatewayOrder.filter((gateway) => rows.some(({ figures }) => figure(gateway) in figures));
  return table(
    ['cell', ...gateways],
    rows.map(({ cell, figures }) => [
      about[cell] ?? cell,
      ...gateways.map((gateway) => {
        const spread = figures[figure(gateway)];
        return spread === undefined ? '' : spreadText(spread);
      }),
    ]),
  );
};

const otherFigures = ({ cells }: BenchResults): string =>
  cells
    .filter(({ cell }) => !(cell in about))
    .map(({ cell, figures }) =>
      [
        `### ${cell}`,
        '',
        table(
          ['figure', 'value'],
          Object.entries(figures).map(([name, spread]) => [name, spreadText(spread)]),
        ),
      ].join('\n'),
    )
    .join('\n\n');

const notMeasured = ({ missing, cells }: BenchResults): string =>
  [
    ...Object.entries(missing).map(([name, why]) => `* ${name}: ${why.split('\n')[0]}`),
    ...cells.flatMap(({ cell, problems }) => problems.map((problem) => `* ${cell}: ${problem}`)),
  ].join('\n') || '* Nothing was missing, and no cell reported a problem.';

const machineLine = ({ machine, versions, measuredAt, quick }: BenchResults): string => {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${measuredAt.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, Linux ${machine.kernel},`,
    `Node ${machine.node}${named.length > 0 ? `, ${named.join(', ')}` : ''}.`,
    `Load of the machine when the run began: ${machine.loadBefore}.${quick ? ' A quick run: short windows.' : ''}`,
  ].join('\n');
};

const begin = '<!-- What follows is written from the results of the bench. -->';
const end = '<!-- Here the written part ends. -->';

/** The page with its written part made anew. Throws Problem when its two marks are not there. */
export const renewPage = (page: string, results: BenchResults): string => {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Problem('The page does not say where its written part begins and ends.');
  return `${page.slice(0, from + begin.length)}\n\n${resultsPage(results)}\n\n${page.slice(to)}`;
};

/** The part of docs/performance.md that the bench's results fill, as Markdown. */
export const resultsPage = (results: BenchResults): string =>
  [
    machineLine(results),
    '## Floors',
    floorTable(results),
    '## CPU time for one request, microseconds',
    gatewayTable(results, Object.keys(about), (gateway) => `cpu us ${gateway}`),
    '## Requests a second on one core, closed loop',
    gatewayTable(results, ['1kb', '100kb', '1mb', 'burst'], (gateway) => `per second ${gateway}`),
    '## Everything else',
    otherFigures(results),
    '## Missing, and what went wrong',
    notMeasured(results),
  ].join('\n\n');
