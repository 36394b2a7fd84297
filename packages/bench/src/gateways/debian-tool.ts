import { Problem } from '../problem.js';
import { onPath, runTool } from '../programs/run-tool.js';

const installMsMax = 180_000;

/** Makes sure a program of Debian is there; as root it is installed when it is not. Rejects with Problem. */
export const debianTool = async (name: 'haproxy' | 'nginx'): Promise<void> => {
  if (onPath(name)) return;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    process.stderr.write(`Installing ${name} with apt-get …\n`);
    await runTool('apt-get', ['install', '-y', '--no-install-recommends', name], { timeoutMs: installMsMax });
    if (onPath(name)) return;
  }
  throw new Problem(`${name} is not installed: install it (apt-get install ${name}).`);
};
