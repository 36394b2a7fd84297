// The clients as a program of their own: inside a test runner's sandbox they would be what limits the load.
// Reads its task as one JSON line; ends when its standard input does, and writes the outcomes as JSON.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { steadyLoad } from './steady-load.js';

const lines = createInterface({ input: process.stdin });
const [line] = (await once(lines, 'line')) as [string];
const stop = new AbortController();
lines.once('close', () => stop.abort());
const outcomes = await steadyLoad({ ...JSON.parse(line), signal: stop.signal });
process.stdout.write(JSON.stringify(outcomes));
