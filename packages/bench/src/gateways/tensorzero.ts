import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peersFolder } from '../places.js';
import { startProgram } from '../programs/start-program.js';
import { type Gateway, upstreamModel } from './gateway.js';
import { pythonPeer } from './peer-folder.js';

const version = '2026.6.0';

const configuration = (upstreamPort: number): string => `[gateway]
observability.enabled = false
disable_pseudonymous_usage_analytics = true

[models.bench]
routing = ["mock"]

[models.bench.providers.mock]
type = "openai"
model_name = "${upstreamModel}"
api_base = "http://127.0.0.1:${upstreamPort}/v1/"
api_key_location = "env::OPENAI_API_KEY"
`;

/** TensorZero's gateway out of its PyPI wheel, which serves it in the process of its client; observability off. */
export const tensorzero: Gateway = {
  name: 'tensorzero',
  version,
  start: async (upstream, { folder: workFolder, gatewayCore }) => {
    const folder = await pythonPeer(`tensorzero-${version}`, `tensorzero==${version}`);
    const config = join(workFolder, `tensorzero-${upstream.port}.toml`);
    writeFileSync(config, configuration(upstream.port));
    const program = await startProgram({
      name: 'tensorzero',
      core: gatewayCore,
      file: join(folder, 'bin', 'python'),
      args: [join(peersFolder, 'tensorzero_gateway.py'), config],
      env: { OPENAI_API_KEY: 'sk-provider-bench', HOME: workFolder },
      cwd: workFolder,
      readyWhen: { line: 'ready' },
      readyMsMax: 90_000,
    });
    return {
      asking: {
        port: Number(new URL(program.readyLine.split(' ')[1] ?? '').port),
        path: '/openai/v1/chat/completions',
        model: 'tensorzero::model_name::bench',
        headers: { Authorization: 'Bearer sk-client-bench' },
      },
      pids: [program.pid],
      stop: () => program.stop(),
    };
  },
};
