import type { KafkaLogConfig } from '@lethe/event-log';
import { z } from 'zod';
import { kafka } from '../serve/settings/common.js';
import { Problem } from '../terminal/problem.js';

const settingsSchema = z.object(kafka);

/** How to reach Kafka, from the environment. Throws Problem with all that is wrong, by name and without values. */
export const kafkaFromEnvironment = (env: NodeJS.ProcessEnv, clientId: string): KafkaLogConfig => {
  const parsed = settingsSchema.safeParse(env);
  if (!parsed.success)
    throw new Problem(
      `Kafka cannot be reached with these settings:\n${parsed.error.issues.map(({ path, message }) => `  - ${path.map(String).join('.')} ${message}`).join('\n')}`,
      'docs/settings.md tells what each is.',
    );
  const { data } = parsed;
  return {
    kind: 'kafka',
    brokers: data.LETHE_KAFKA_BROKERS,
    clientId,
    tls: {
      ca: data.LETHE_KAFKA_CA_FILE.pem,
      cert: data.LETHE_KAFKA_CERTIFICATE_FILE.pem,
      key: data.LETHE_KAFKA_KEY_FILE,
    },
  };
};
