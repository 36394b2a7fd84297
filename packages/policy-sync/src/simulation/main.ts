import { parseArgs } from 'node:util';
import { runTable } from './table.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '300' }, rho: { type: 'string', default: '0.1' } },
});
const { text, held } = runTable(Number(values.seeds), Number(values.rho));
process.stdout.write(text);
process.exitCode = held ? 0 : 1;
