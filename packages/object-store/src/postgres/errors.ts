import { ObjectStoreError, type ObjectStoreErrorCode } from '../port.js';

const codeOfState: Readonly<Record<string, ObjectStoreErrorCode>> = {
  '42501': 'denied',
  '28000': 'denied',
  '28P01': 'denied',
  '42883': 'missing_bucket',
  '3F000': 'missing_bucket',
  '3D000': 'missing_bucket',
  '53100': 'full',
  '57014': 'timeout',
  '55P03': 'timeout',
  CONNECT_TIMEOUT: 'timeout',
  OS001: 'bad_key',
  OS002: 'object_too_large',
  OS003: 'exists',
  OS004: 'truncated',
};

/** Reduces whatever postgres.js throws to a closed code by its SQLSTATE; nothing of its text goes along. */
export const toObjectStoreError = (error: unknown): ObjectStoreError => {
  if (error instanceof ObjectStoreError) return error;
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return new ObjectStoreError((typeof code === 'string' && codeOfState[code]) || 'unavailable');
};
