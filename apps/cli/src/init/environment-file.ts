import { dirname, relative } from 'node:path';
import { parseEnv } from 'node:util';
import type { DeploymentFiles } from './files.js';
import type { PublicValues } from './secrets.js';

const explanation = `# What docker-compose.yml asks for. No secret stands here: those are files of LETHE_SECRETS.
# Made once by "lethe init", and yours from then on.
`;

const asPath = (from: string, to: string): string => {
  const path = relative(from, to);
  return path.startsWith('..') ? to : `./${path}`;
};

/** The file of variables beside docker-compose.yml: made when it is missing; values that contradict the secrets are flaws. */
export const makeEnvironmentFile = async (
  files: DeploymentFiles,
  path: string,
  folder: string,
  values: PublicValues,
): Promise<void> => {
  const wanted: Readonly<Record<string, string>> = {
    LETHE_SECRETS: asPath(dirname(path), folder),
    LETHE_OPERATOR_TOKEN_SHA256: values.operatorTokenSha256,
    LETHE_AUDIT_ORIGIN: values.auditOrigin,
    LETHE_KAFKA_CLUSTER_ID: values.kafkaClusterId,
  };
  const lines = Object.entries(wanted).map(([name, value]) => `${name}=${value}\n`);
  const text = await files.read(path);
  if (text === undefined) return files.addPublic(path, explanation + lines.join(''));
  const there = parseEnv(text);
  for (const [name, value] of Object.entries(wanted).filter(([name]) => name !== 'LETHE_SECRETS'))
    if (there[name] !== value)
      files.flaw(`${path} ${there[name] === undefined ? 'lacks' : 'contradicts'} the line ${name}=${value}`);
};
