// The callers as a program of their own, like the ones they stand for: inside a test runner's sandbox they would be what
// limits the pace. Reads its task as one JSON line; stops when its standard input ends; writes the result as JSON.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { appendLoad } from './append-load.js';

const lines = createInterface({ input: process.stdin });
const [line] = (await once(lines, 'line')) as [string];
const stop = new AbortController();
lines.once('close', () => stop.abort());
const { outcomes, ...rest } = await appendLoad(JSON.parse(line), stop.signal);
const written = outcomes.map(({ body, ...outcome }) => ({ ...outcome, body: body.toString('base64') }));
process.stdout.write(JSON.stringify({ ...rest, outcomes: written }));
process.stdin.destroy();
