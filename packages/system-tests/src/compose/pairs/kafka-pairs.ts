import type { Deployment } from '../deployment.js';
import type { KafkaTry } from '../inside/kafka-tries.js';
import type { Said } from './said.js';

const insights = ['lethe.insight.telemetry.v1', 'lethe.insight.payload.v1'] as const;
const audits = ['lethe.audit.events.v1', 'lethe.audit.checkpoints.v1'] as const;
const groups = ['lethe-accounting-try', 'lethe-audit-try', 'ops-try', 'siem-try', 'anybody'] as const;

interface Rights {
  readonly fetch: readonly string[];
  readonly produce: readonly string[];
  readonly join: readonly string[];
}

/** By the folder in which a principal's certificate lies. */
const rights: Readonly<Record<string, Rights>> = {
  router: { fetch: [], produce: insights, join: [] },
  accounting: { fetch: insights, produce: [], join: ['lethe-accounting-try'] },
  audit: { fetch: audits, produce: audits, join: ['lethe-audit-try'] },
  tools: { fetch: audits, produce: [], join: ['ops-try', 'siem-try'] },
};

const tries: readonly KafkaTry[] = [
  ...[...insights, ...audits].flatMap((name) => [
    { action: 'fetch' as const, name },
    { action: 'produce' as const, name },
  ]),
  ...groups.map((name) => ({ action: 'join' as const, name })),
];

const refusal = { fetch: 'TOPIC', produce: 'TOPIC', join: 'GROUP' } as const;

/** What each principal must be told, and what it is told, of each topic and group: `principal action name: word`. */
export const kafkaPairs = async (deployment: Deployment): Promise<Said> => {
  const folders = Object.keys(rights);
  const kafka = await Promise.all(
    folders.map(async (folder) => ({
      brokers: ['kafka:9092'],
      pair: await deployment.pair(folder, 'kafka'),
      tries,
    })),
  );
  const words = await deployment.inside({ kafka });
  const line = (folder: string, { action, name }: KafkaTry, word: string): string =>
    `${folder} ${action} ${name}: ${word}`;
  return {
    expected: folders.flatMap((folder) =>
      tries.map((one) =>
        line(
          folder,
          one,
          rights[folder]?.[one.action].includes(one.name)
            ? 'done'
            : `${refusal[one.action]}_AUTHORIZATION_FAILED`,
        ),
      ),
    ),
    told: folders.flatMap((folder, n) =>
      tries.map((one, at) => line(folder, one, words.kafka[n]?.[at] ?? 'nothing')),
    ),
  };
};
