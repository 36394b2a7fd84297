import { cpus, loadavg, release, totalmem } from 'node:os';
import { onPath, runTool } from '../programs/run-tool.js';
import type { MachineFacts } from './results.js';

export const machineFacts = (): MachineFacts => {
  const all = cpus();
  return {
    cpu: (all[0]?.model ?? 'unknown').replace(/\s+/g, ' ').trim(),
    cores: all.length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: release().split('-')[0] ?? '',
    node: process.versions.node,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
};

const versionIn = (text: string): string => /\d+\.\d+(?:\.\d+)*/.exec(text)?.[0] ?? 'unknown';

/** Versions of what is installed on the machine and measured. */
export const toolVersions = async (): Promise<Record<string, string>> => {
  const versions: Record<string, string> = {};
  if (onPath('haproxy')) versions.haproxy = versionIn((await runTool('haproxy', ['-v'])).output);
  // nginx prints its version as if it were an error.
  if (onPath('nginx')) versions.nginx = versionIn((await runTool('sh', ['-c', 'nginx -v 2>&1'])).output);
  return versions;
};
