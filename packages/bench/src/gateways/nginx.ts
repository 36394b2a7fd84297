import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@lethe/test-servers';
import { startProgram } from '../programs/start-program.js';
import { debianTool } from './debian-tool.js';
import { chatPath, type Gateway, upstreamModel } from './gateway.js';

// One process; a master process beside it would do nothing. Bodies of 1 MB stay in memory, events pass at once.
const configuration = (folder: string, port: number, upstreamPort: number): string => `daemon off;
master_process off;
pid ${folder}/nginx-${port}.pid;
error_log /dev/null;
events { worker_connections 20000; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  client_body_temp_path ${folder}/nginx;
  proxy_temp_path ${folder}/nginx;
  fastcgi_temp_path ${folder}/nginx;
  uwsgi_temp_path ${folder}/nginx;
  scgi_temp_path ${folder}/nginx;
  keepalive_requests 1000000000;
  upstream provider {
    server 127.0.0.1:${upstreamPort};
    keepalive 128;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer sk-provider-bench";
    }
  }
}
`;

/** The second floor in C. */
export const nginx: Gateway = {
  name: 'nginx',
  start: async (upstream, { folder, gatewayCore }) => {
    await debianTool('nginx');
    const port = await freePort();
    const file = join(folder, `nginx-${port}.conf`);
    mkdirSync(join(folder, 'nginx'), { recursive: true });
    writeFileSync(file, configuration(folder, port, upstream.port));
    const program = await startProgram({
      name: 'nginx',
      core: gatewayCore,
      file: 'nginx',
      args: ['-c', file, '-e', '/dev/null'],
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
