import { ObjectStoreError, type ObjectStoreErrorCode } from '../port.js';

const codeOfName: Readonly<Record<string, ObjectStoreErrorCode>> = {
  AccessDenied: 'denied',
  AccountProblem: 'denied',
  AllAccessDisabled: 'denied',
  ExpiredToken: 'denied',
  InvalidAccessKeyId: 'denied',
  InvalidToken: 'denied',
  RequestTimeTooSkewed: 'denied',
  SignatureDoesNotMatch: 'denied',
  NoSuchBucket: 'missing_bucket',
  PreconditionFailed: 'exists',
  EntityTooLarge: 'object_too_large',
  QuotaExceeded: 'full',
  XMinioAdminBucketQuotaExceeded: 'full',
  XMinioStorageFull: 'full',
  RequestTimeout: 'timeout',
  ETIMEDOUT: 'timeout',
};

const codeOfStatus: Readonly<Record<number, ObjectStoreErrorCode>> = {
  401: 'denied',
  403: 'denied',
  408: 'timeout',
  412: 'exists',
  413: 'object_too_large',
  504: 'timeout',
  507: 'full',
};

const nameOf = (error: unknown): string => {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
};

/** Whether the server says that there is no such object. */
export const isMissing = (error: unknown): boolean =>
  ['NoSuchKey', 'NotFound', 'NoSuchVersion'].includes(nameOf(error));

/** Reduces what the client threw, and the status of the answer if there was one, to a closed code; no text goes along. */
export const toObjectStoreError = (error: unknown, status?: number): ObjectStoreError => {
  if (error instanceof ObjectStoreError) return error;
  const name = nameOf(error);
  const known = Object.hasOwn(codeOfName, name) ? codeOfName[name] : undefined;
  return new ObjectStoreError(known ?? codeOfStatus[status ?? 0] ?? 'unavailable');
};
