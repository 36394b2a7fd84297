import { setTimeout as pause } from 'node:timers/promises';
import {
  checkTopics,
  type EnsureTopicsOptions,
  EventLogError,
  ensureTopics,
  grantAccess,
  type KafkaLogConfig,
  type TopicFlaw,
} from '@lethe/event-log';
import { print, remark } from '../terminal/print.js';
import { Problem } from '../terminal/problem.js';

const pauseMs = 2_000;

/** The command that mends a setting, as Kafka's own tools take it. */
const mending = ({ topic, setting, wanted }: TopicFlaw, brokers: readonly string[]): string => {
  const at = `--bootstrap-server ${brokers.join(',')} --command-config admin.properties`;
  if (setting === 'partitions')
    return `kafka-topics.sh ${at} --alter --topic ${topic} --partitions ${wanted}`;
  const value = wanted.includes(',') ? `[${wanted}]` : wanted;
  return `kafka-configs.sh ${at} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}=${value}`;
};

/** Runs while Kafka is not there yet. Rejects with Problem when it refuses, or has not come within `withinMs`. */
const whenThere = async <T>(work: () => Promise<T>, withinMs: number): Promise<T> => {
  const deadlineMs = performance.now() + withinMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EventLogError)) throw error;
      if (!error.retriable)
        throw new Problem(
          `Kafka refuses: ${error.message}.`,
          'The certificate must be that of an administrator (super.users of the brokers).',
        );
      if (performance.now() > deadlineMs)
        throw new Problem('Kafka does not answer.', 'Look at its log, and at LETHE_KAFKA_BROKERS.');
      if (isFirst) remark('waiting for Kafka …');
      await pause(pauseMs);
    }
  }
};

/** Makes the topics and rights that are missing. Throws Problem, with the commands that mend it, for topics that are not as they must be. */
export const prepareTopics = async (
  config: KafkaLogConfig,
  options: EnsureTopicsOptions,
  withinMs: number,
): Promise<void> => {
  const made = await whenThere(() => ensureTopics(config, options), withinMs);
  const flaws = await whenThere(() => checkTopics(config, options), withinMs);
  if (flaws.length > 0)
    throw new Problem(
      `Topics are not as they must be:\n${flaws.map(({ topic, setting, wanted }) => `  - ${topic}: ${setting} must be ${wanted}`).join('\n')}`,
      `These commands mend it:\n${flaws.map((flaw) => `  ${mending(flaw, config.brokers)}`).join('\n')}`,
    );
  const { given, others } = await whenThere(() => grantAccess(config), withinMs);
  if (others > 0)
    remark(
      `warning: Kafka has ${others} access rules that Lethe did not make. Each may let somebody read or write more than they should: kafka-acls.sh --list shows them.`,
    );
  print(`Topics: ${made.length} made, the rest as they must be. Access rules: ${given} added.`);
};
