import {
  checkAccess,
  checkTopics,
  EventLogError,
  type KafkaLogConfig,
  missingTopics,
} from '@lethe/event-log';
import { Problem } from '../terminal/problem.js';
import { kafkaFromEnvironment } from '../topics/kafka-settings.js';
import { counted, type Examined, type Finding, notLookedAt } from './findings.js';

const part = 'Kafka';

const look = async (config: KafkaLogConfig, replicationFactor: number): Promise<Examined> => {
  const options = { replicationFactor };
  const missing = await missingTopics(config);
  const flaws = await checkTopics(config, options);
  const access = await checkAccess(config);
  const findings: Finding[] = [
    ...missing.map((topic): Finding => ({ item: 'topic_missing', where: topic, words: 'is not there' })),
    ...flaws.map(
      ({ topic, setting, wanted }): Finding => ({
        item: 'topic_setting',
        where: topic,
        words: `has another ${setting} than ${wanted}`,
      }),
    ),
  ];
  if (access.missing > 0)
    findings.push({
      item: 'access_missing',
      where: part,
      words: `lacks ${counted(access.missing, 'access rule', 'access rules')} of Lethe`,
    });
  if (access.others > 0)
    findings.push({
      item: 'access_others',
      where: part,
      words: `has ${counted(access.others, 'access rule', 'access rules')} that Lethe did not make: each may let somebody read or write more`,
    });
  return { part, looked: 'topics and access rules', findings, unseen: [] };
};

/** Kafka's topics and access rules, with the certificate of an administrator; changes nothing. */
export const examineKafka = async (env: NodeJS.ProcessEnv, replicationFactor: number): Promise<Examined> => {
  const asAdministrator =
    'the certificate of an administrator is needed (docker compose run --rm topics doctor).';
  if (!env.LETHE_KAFKA_BROKERS)
    return notLookedAt(part, `LETHE_KAFKA_BROKERS is not set: ${asAdministrator}`);
  try {
    return await look(kafkaFromEnvironment(env, 'lethe-doctor'), replicationFactor);
  } catch (error) {
    if (error instanceof EventLogError && error.code === 'denied')
      return notLookedAt(part, `This certificate may not see topics and access rules: ${asAdministrator}`);
    if (!(error instanceof EventLogError) && !(error instanceof Problem)) throw error;
    const words = error instanceof EventLogError ? `cannot be used (${error.code})` : error.message;
    const where = `Kafka at ${env.LETHE_KAFKA_BROKERS}`;
    return { part, looked: undefined, findings: [{ item: 'kafka_unreachable', where, words }], unseen: [] };
  }
};
