import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../repository.js';
import { decodeJson } from '../terminal/json-codec.js';
import { Problem } from '../terminal/problem.js';
import { createApiClient } from './api-client.js';
import { createOperatorApi, type OperatorApi } from './operator-api.js';

const runSchema = z.object({
  adminConfig: z.string(),
  accounting: z.string().optional(),
  audit: z.string(),
  auditVerifierKey: z.string().nullish(),
  operatorToken: z.string(),
  organizations: z.array(z.object({ slug: z.string(), adminToken: z.string().nullable() })).default([]),
});
type Run = z.infer<typeof runSchema>;

/** The options every operator's command takes. */
export const operatorOptions = { url: { type: 'string' }, json: { type: 'boolean' } } as const;

export const operatorHelp = `  --url <url>    Where it listens; else LETHE_ADMIN_URL, else the Lethe that runs on LETHE_HOME. With either of the
                 first two, the operator token comes from LETHE_OPERATOR_TOKEN.
  --json         Print one JSON object instead of text.`;

/** run.json of the Lethe that runs on LETHE_HOME; undefined when none does. */
export const readRun = async (env: NodeJS.ProcessEnv): Promise<Run | undefined> => {
  const home = resolve(env.LETHE_HOME || join(repositoryRoot, '.lethe'));
  const text = await readFile(join(home, 'run.json'), 'utf8').catch(() => '');
  return decodeJson(runSchema, text);
};

/**
 * The address of a face and the operator's token: from `--url` or a variable, else from run.json. Throws Problem when
 * no Lethe runs or the token is missing.
 */
export const findLethe = async (
  face: 'adminConfig' | 'audit',
  url: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly url: string; readonly token: string }> => {
  const given = url ?? env[face === 'adminConfig' ? 'LETHE_ADMIN_URL' : 'LETHE_AUDIT_URL'];
  const givenToken = (face === 'audit' ? env.LETHE_AUDIT_TOKEN : '') || env.LETHE_OPERATOR_TOKEN;
  if (given !== undefined && given !== '') {
    if (!URL.canParse(given))
      throw new Problem('The URL cannot be read.', 'Write it like http://127.0.0.1:4002');
    if (givenToken === undefined || givenToken === '')
      throw new Problem(
        'LETHE_OPERATOR_TOKEN is not set.',
        'It is needed beside a URL: export LETHE_OPERATOR_TOKEN=lethe_ops_…',
      );
    return { url: given, token: givenToken };
  }
  const run = await readRun(env);
  if (run === undefined)
    throw new Problem(
      'No Lethe runs here.',
      'Start it with "npm start", set LETHE_HOME to the one you mean, or name it with --url.',
    );
  return { url: run[face], token: givenToken || run.operatorToken };
};

/** The operator's API of the Lethe meant. */
export const operatorApi = async (url: string | undefined): Promise<OperatorApi> => {
  const lethe = await findLethe('adminConfig', url);
  return createOperatorApi(createApiClient(lethe.url, lethe.token));
};
