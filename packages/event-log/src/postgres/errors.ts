import { EventLogError, type EventLogErrorCode } from '../port.js';

const codeOfState: Readonly<Record<string, EventLogErrorCode>> = {
  '42501': 'denied',
  '28000': 'denied',
  '28P01': 'denied',
  EL001: 'unknown_topic',
  EL002: 'record_too_large',
  // The functions are not there: the database was not prepared.
  '42883': 'unknown_topic',
  '3F000': 'unknown_topic',
  '57014': 'timeout',
  '55P03': 'timeout',
  CONNECT_TIMEOUT: 'timeout',
};

/** Reduces whatever postgres.js throws to a closed code by its SQLSTATE; nothing of its text goes along. */
export const toEventLogError = (error: unknown): EventLogError => {
  if (error instanceof EventLogError) return error;
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return new EventLogError((typeof code === 'string' && codeOfState[code]) || 'unavailable');
};
