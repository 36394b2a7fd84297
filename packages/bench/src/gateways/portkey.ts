import { join } from 'node:path';
import { freePort } from '@lethe/test-servers';
import { startProgram } from '../programs/start-program.js';
import { chatPath, type Gateway, upstreamModel } from './gateway.js';
import { npmPeer } from './peer-folder.js';

const version = '1.15.2';
// The versions of its own lock: with newer ones each of its streams fails.
const ofItsLock = { hono: '4.9.7', '@hono/node-server': '1.13.5' };

/** Portkey's gateway in its fastest form. It checks no key, computes no cost and publishes nothing here. */
export const portkey: Gateway = {
  name: 'portkey',
  version,
  start: async (upstream, { gatewayCore }) => {
    const folder = await npmPeer(`portkey-${version}`, { '@portkey-ai/gateway': version }, ofItsLock);
    const port = await freePort();
    const program = await startProgram({
      name: 'portkey',
      core: gatewayCore,
      file: process.execPath,
      args: [
        join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js'),
        '--headless',
        `--port=${port}`,
      ],
      env: { NODE_ENV: 'production' },
      cwd: folder,
      readyWhen: { port },
    });
    return {
      asking: {
        port,
        path: chatPath,
        model: upstreamModel,
        headers: {
          Authorization: 'Bearer sk-provider-bench',
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1`,
        },
      },
      pids: [program.pid],
      stop: () => program.stop(),
    };
  },
};
