import { describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { EventLogError } from '../port.js';
import { toEventLogError } from './errors.js';

const protocolError = (type: string): Error =>
  new kafkajs.KafkaJSProtocolError(
    Object.assign(new Error('broker text'), { type, code: 1, retriable: false }),
  );

describe('toEventLogError of kafkajs', () => {
  it('finds the reason below what kafkajs wraps around it', () => {
    const cause = protocolError('TOPIC_AUTHORIZATION_FAILED');
    const wrapped = Object.assign(new kafkajs.KafkaJSNonRetriableError('outer'), { cause });
    expect(toEventLogError(wrapped).code).toBe('denied');
    expect(
      toEventLogError(new kafkajs.KafkaJSNonRetriableError('Not authorized to access topics: [x]')).code,
    ).toBe('denied');
  });

  it.each([
    ['UNKNOWN_TOPIC_OR_PARTITION', 'unknown_topic', true],
    ['MESSAGE_TOO_LARGE', 'record_too_large', false],
    ['REQUEST_TIMED_OUT', 'timeout', true],
    ['NOT_ENOUGH_REPLICAS', 'unavailable', true],
    ['SASL_AUTHENTICATION_FAILED', 'denied', false],
  ])('maps %s to %s', (type, code, retriable) => {
    expect(toEventLogError(protocolError(type))).toMatchObject({ code, retriable });
  });

  it('maps anything, and passes its own errors on', () => {
    for (const thrown of [undefined, 'text', 7, {}, new Error('x')]) {
      expect(toEventLogError(thrown).code).toBe('unavailable');
    }
    const own = new EventLogError('severed');
    expect(toEventLogError(own)).toBe(own);
    const circular = new Error('x');
    circular.cause = circular;
    expect(toEventLogError(circular).code).toBe('unavailable');
  });
});
