// Runs in a container of the deployment's own network, with what an attacker there would have: reads its task as JSON
// from a file, and writes a word for each try.
import { readFileSync } from 'node:fs';
import { carryOut } from './tries.js';

const words = await carryOut(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')));
process.stdout.write(`${JSON.stringify(words)}\n`, () => process.exit(0));
