import { type TopicName, topicNames } from '@lethe/event-log';
import type { Command } from '../command.js';
import { readArguments } from '../terminal/arguments.js';
import { usageProblem } from '../terminal/problem.js';
import { kafkaFromEnvironment } from './kafka-settings.js';
import { prepareTopics } from './prepare-topics.js';
import { readTopic } from './read-topic.js';

const help = `lethe topics: Kafka's topics and who may read and write them

Usage: lethe topics [--replication-factor <n>] [--partitions <n>] [--wait <seconds>]
       lethe topics read [<topic>] [--once]

Without more words: makes the topics that are missing, checks those that are there (a wrong setting ends it, with the
command that mends it), and gives each principal its rights: router writes insights, accounting reads them, audit
writes and reads the audit topics, ops reads them. Safe to run at any time, and by two at once.

read: prints the records of an audit topic, one a line, from the first on, and goes on until it is interrupted.

  --replication-factor <n>  How many brokers keep each record. Default 1: for a real deployment 3.
  --partitions <n>          Of each insight topic. Default 3. Audit topics have one.
  --wait <seconds>          How long to wait for Kafka. Default 120.
  <topic>                   Default: lethe.audit.events.v1.
  --once                    End when everything has been read.

Kafka is found by LETHE_KAFKA_BROKERS, LETHE_KAFKA_CERTIFICATE_FILE, LETHE_KAFKA_KEY_FILE and LETHE_KAFKA_CA_FILE. The
certificate says who it is: an administrator to prepare, ops to read.`;

const wholeNumber = (text: string | undefined, fallback: number, max: number, option: string): number => {
  if (text === undefined) return fallback;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw usageProblem(`--${option} must be 1 to ${max}.`, 'topics');
  return value;
};

const isTopic = (name: string): name is TopicName => (topicNames as readonly string[]).includes(name);

const read = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = readArguments('topics', args, {
    options: { once: { type: 'boolean' } },
    positionals: [],
    optional: ['topic'],
  });
  const topic = positionals[0] ?? 'lethe.audit.events.v1';
  if (!isTopic(topic) || !topic.startsWith('lethe.audit.'))
    throw usageProblem('There is no such audit topic.', 'topics');
  await readTopic(kafkaFromEnvironment(process.env, 'lethe-ops'), topic, values.once === true);
  return 0;
};

export const topicsCommand: Command = {
  help,
  run: async (args) => {
    if (args[0] === 'read') return await read(args.slice(1));
    const { values } = readArguments('topics', args, {
      options: {
        'replication-factor': { type: 'string' },
        partitions: { type: 'string' },
        wait: { type: 'string' },
      },
      positionals: [],
    });
    const options = {
      replicationFactor: wholeNumber(values['replication-factor'], 1, 9, 'replication-factor'),
      insightPartitions: wholeNumber(values.partitions, 3, 1_000, 'partitions'),
    };
    const withinMs = wholeNumber(values.wait, 120, 3_600, 'wait') * 1_000;
    await prepareTopics(kafkaFromEnvironment(process.env, 'lethe-topics'), options, withinMs);
    return 0;
  },
};
