import { EventLogError, type EventLogErrorCode } from '../port.js';

const codeOfType: Readonly<Record<string, EventLogErrorCode>> = {
  TOPIC_AUTHORIZATION_FAILED: 'denied',
  GROUP_AUTHORIZATION_FAILED: 'denied',
  CLUSTER_AUTHORIZATION_FAILED: 'denied',
  SASL_AUTHENTICATION_FAILED: 'denied',
  MESSAGE_TOO_LARGE: 'record_too_large',
  RECORD_LIST_TOO_LARGE: 'record_too_large',
  UNKNOWN_TOPIC_OR_PARTITION: 'unknown_topic',
  INVALID_TOPIC_EXCEPTION: 'unknown_topic',
  REQUEST_TIMED_OUT: 'timeout',
};

const codeOfName: Readonly<Record<string, EventLogErrorCode>> = {
  KafkaJSSASLAuthenticationError: 'denied',
  KafkaJSRequestTimeoutError: 'timeout',
};

const maxCauses = 5;

const text = (error: object, field: 'name' | 'type' | 'message'): string => {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
};

const codeOf = (error: object): EventLogErrorCode | undefined =>
  codeOfType[text(error, 'type')] ??
  codeOfName[text(error, 'name')] ??
  // kafkajs drops the type of this one when a topic's metadata is refused.
  (/^Not authorized to access/.test(text(error, 'message')) ? 'denied' : undefined);

/** Reduces whatever kafkajs throws to a closed code; nothing of its text goes along. */
export const toEventLogError = (error: unknown): EventLogError => {
  if (error instanceof EventLogError) return error;
  let current: unknown = error;
  for (let depth = 0; depth < maxCauses && typeof current === 'object' && current !== null; depth += 1) {
    const code = codeOf(current);
    if (code) return new EventLogError(code);
    current = Reflect.get(current, 'cause');
  }
  return new EventLogError('unavailable');
};
