import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from '../init/certificates.js';
import { makeEnvironmentFile } from '../init/environment-file.js';
import { DeploymentFiles } from '../init/files.js';
import { certificatePlans, folderNames, folders } from '../init/layout.js';
import { makeSecrets } from '../init/secrets.js';
import { Problem } from '../terminal/problem.js';
import { counted, type Examined, type Finding, notLookedAt } from './findings.js';

/** Less than that before its end a certificate is named: renewal must have failed by then. */
export const daysLeftMin = 14;
const dayMs = 86_400_000;

/** What "lethe init" would make, and what it would refuse: nothing is written. */
const outlook = async (folder: string, environmentFile: string): Promise<DeploymentFiles> => {
  const files = new DeploymentFiles(folder);
  const values = await makeSecrets(files, false);
  await makeCertificates(files, []);
  await makeEnvironmentFile(files, environmentFile, folder, values);
  return files;
};

const rights = async (folder: string): Promise<{ readonly findings: Finding[]; readonly seen: number }> => {
  const findings: Finding[] = [];
  let seen = 0;
  for (const name of folderNames) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    seen += 1;
    if ((found.mode & 0o077) !== 0)
      findings.push({ item: 'secrets_open', where: path, words: 'may be entered by others than its owner' });
    const uid: number | undefined = folders[name];
    if (uid !== undefined && found.uid !== uid)
      findings.push({
        item: 'secrets_owner',
        where: path,
        words: `belongs to user ${found.uid}; its container runs as ${uid}`,
      });
  }
  return { findings, seen };
};

/** Of a file that is there; certificates may be read by everybody. */
const openFile = async (path: string): Promise<Finding | undefined> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || path.endsWith('.crt') || (found.mode & 0o077) === 0) return undefined;
  return { item: 'secrets_open', where: path, words: 'may be read by others than its owner' };
};

const endOf = async (path: string): Promise<number | undefined> => {
  try {
    return Date.parse(new X509Certificate(await readFile(path)).validTo);
  } catch {
    // Missing or unreadable: that was said already.
    return undefined;
  }
};

const certificatesThatEnd = async (folder: string, nowMs: number): Promise<Finding[]> => {
  const paths = [
    ...certificatePlans([]).map((plan) => join(folder, plan.folder, plan.certificate)),
    join(folder, 'tools', 'ca.crt'),
    join(folder, 'tools', 'public-ca.crt'),
  ];
  const findings: Finding[] = [];
  for (const where of paths) {
    const endMs = await endOf(where);
    const days = endMs === undefined ? Number.POSITIVE_INFINITY : Math.floor((endMs - nowMs) / dayMs);
    if (days < daysLeftMin)
      findings.push({
        item: 'certificate_ends_soon',
        where,
        words: days < 0 ? 'has ended' : `ends in ${counted(days, 'day', 'days')}`,
      });
  }
  return findings;
};

interface SecretsOptions {
  readonly folder: string;
  readonly environmentFile: string;
  readonly nowMs: number;
}

/** The folder that "lethe init" made: whole, fitting together, closed to others, and in its time. */
export const examineSecrets = async ({
  folder,
  environmentFile,
  nowMs,
}: SecretsOptions): Promise<Examined> => {
  const part = 'secrets';
  if ((await stat(folder).catch(() => undefined)) === undefined)
    return notLookedAt(part, `There is no ${folder} here: name the folder of "lethe init" with --dir.`);
  let files: DeploymentFiles;
  try {
    files = await outlook(folder, environmentFile);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return {
      part,
      looked: undefined,
      findings: [{ item: 'secrets_unreadable', where: folder, words: 'holds what this user may not read' }],
      unseen: [],
    };
  }
  const { flaws, missing, kept } = files.outlook();
  const { findings, seen } = await rights(folder);
  const open = await Promise.all(kept.filter((path) => path !== environmentFile).map(openFile));
  const authority = await stat(join(folder, 'operator', 'ca.key')).catch(() => undefined);
  return {
    part,
    looked: `${counted(kept.length, 'file', 'files')} in ${counted(seen, 'folder', 'folders')}`,
    findings: [
      ...missing.map((where): Finding => ({ item: 'secrets_missing', where, words: 'is missing' })),
      ...flaws.map(
        (flaw): Finding => ({ item: 'secrets_contradict', where: folder, words: `does not fit: ${flaw}` }),
      ),
      ...findings,
      ...open.filter((finding) => finding !== undefined),
      ...(await certificatesThatEnd(folder, nowMs)),
    ],
    unseen:
      authority === undefined
        ? []
        : [
            `Whether copies of ${join(folder, 'operator')} exist. It lies on this host, and is needed only to renew certificates: whoever has it can be any service.`,
          ],
  };
};
