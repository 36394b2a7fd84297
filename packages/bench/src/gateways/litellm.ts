import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@lethe/test-servers';
import { startProgram } from '../programs/start-program.js';
import { chatPath, type Gateway, upstreamModel } from './gateway.js';
import { pythonPeer } from './peer-folder.js';

const version = '1.106.2';
const readyMsMax = 90_000;

const configuration = (upstreamPort: number): string => `model_list:
  - model_name: ${upstreamModel}
    litellm_params:
      model: openai/${upstreamModel}
      api_base: http://127.0.0.1:${upstreamPort}/v1
      api_key: sk-provider-bench
litellm_settings:
  telemetry: false
`;

/** LiteLLM's proxy with one worker, without a database. */
export const litellm: Gateway = {
  name: 'litellm',
  version,
  start: async (upstream, { folder: workFolder, gatewayCore }) => {
    const folder = await pythonPeer(`litellm-${version}`, `litellm[proxy]==${version}`);
    const port = await freePort();
    const config = join(workFolder, `litellm-${port}.yaml`);
    writeFileSync(config, configuration(upstream.port));
    const program = await startProgram({
      name: 'litellm',
      core: gatewayCore,
      file: join(folder, 'bin', 'litellm'),
      args: ['--config', config, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'],
      env: {
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
        LITELLM_LOG: 'ERROR',
        LITELLM_MODE: 'PRODUCTION',
        HOME: workFolder,
      },
      cwd: workFolder,
      readyWhen: { port },
      readyMsMax,
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
