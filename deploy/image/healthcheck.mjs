// Is this service ready? Asks its own /readyz over its own port: 0 yes, 1 no. Kept free of packages, because it runs
// every few seconds.
//   node healthcheck.mjs <variable with the port> <port when it is not set>
import { readFileSync } from 'node:fs';

const [variable = '', usual] = process.argv.slice(2);
const port = process.env[variable] || usual;
const caFile = process.env.LETHE_TLS_CA_FILE;
const { get } = await import(caFile ? 'node:https' : 'node:http');
const request = get(
  {
    host: '127.0.0.1',
    port,
    path: '/readyz',
    timeout: 3_000,
    ...(caFile && { ca: readFileSync(caFile), servername: 'localhost' }),
  },
  (response) => {
    response.resume();
    process.exitCode = response.statusCode === 200 ? 0 : 1;
  },
);
request.on('timeout', () => request.destroy());
request.on('error', () => {
  process.exitCode = 1;
});
