import type { PostgresLogConfig } from '../config.js';
import type { EventLogProducer, ProducerOptions } from '../port.js';
import { type ProducerSession, SerialProducer } from '../producer/serial-producer.js';
import { openConnection } from './connection.js';
import { toEventLogError } from './errors.js';
import { append } from './statements.js';

const connectSession = (config: PostgresLogConfig, { mayWrite }: ProducerOptions): ProducerSession => {
  const { sql, sockets, end } = openConnection(config, { mayWrite });
  return {
    append: (topic, batch) => append(sql, topic, batch),
    cut: () => sockets.cut(),
    isCut: () => sockets.isCut,
    end,
  };
};

/** The Postgres adapter of EventLogProducer. */
export const openPostgresProducer = (config: PostgresLogConfig, options: ProducerOptions): EventLogProducer =>
  new SerialProducer({
    connect: () => connectSession(config, options),
    toEventLogError,
    publishTimeoutMs: config.publishTimeoutMs,
  });
