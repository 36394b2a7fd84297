import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@lethe/test-servers';
import { startProgram } from '../programs/start-program.js';
import { debianTool } from './debian-tool.js';
import { chatPath, type Gateway, upstreamModel } from './gateway.js';

const configuration = (port: number, upstreamPort: number): string => `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  option http-no-delay
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:${port}
  default_backend provider
backend provider
  http-request set-header authorization "Bearer sk-provider-bench"
  server mock 127.0.0.1:${upstreamPort}
`;

/** The floor in C: swaps the credential and nothing else. */
export const haproxy: Gateway = {
  name: 'haproxy',
  start: async (upstream, { folder, gatewayCore }) => {
    await debianTool('haproxy');
    const port = await freePort();
    const file = join(folder, `haproxy-${port}.cfg`);
    writeFileSync(file, configuration(port, upstream.port));
    const program = await startProgram({
      name: 'haproxy',
      core: gatewayCore,
      file: 'haproxy',
      args: ['-db', '-f', file],
      readyWhen: { port },
    });
    return {
      asking: {
        port,
        path: chatPath,
        model: upstreamModel,
        headers: { Authorization: 'Bearer sk-client-bench' },
      },
      pids: [program.pid],
      stop: () => program.stop(),
    };
  },
};
