import type { ErrorCode } from '@lethe/contracts';
import { LetheError, type Logger } from '@lethe/service-kit';
import { StoreError } from '../store/store-error.js';

export const answerOf = (error: StoreError): ErrorCode =>
  error.reason === 'queue_full' ? 'gateway.overloaded' : 'gateway.unavailable';

/** A store that failed, or a log that may not be shown, is a service that is away; what it said stays behind. */
export const fromStore = async <T>(work: Promise<T>, log: Logger): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error('read.failed', error);
    throw new LetheError(answerOf(error));
  }
};
