import type { ErrorCode } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';

const sqlStatePattern = /^[0-9A-Z]{5}$/;
const causesMax = 4;

/** The SQLSTATE or the driver's code of a failed query. The message is never read: it holds SQL and parameters. */
export const databaseCode = (thrown: unknown): string | undefined => {
  let current: unknown = thrown;
  for (let depth = 0; depth < causesMax && typeof current === 'object' && current !== null; depth++) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    current = 'cause' in current ? current.cause : undefined;
  }
  return undefined;
};

/** Refusals of the triggers in migrations/0003_lockdown.sql. */
export const isLockdownState = (code: string | undefined): boolean =>
  code !== undefined && /^ZDR0[1-5]$/.test(code);

const isUnavailable = (code: string): boolean =>
  !sqlStatePattern.test(code) || /^(08|57P)/.test(code) || code === '25P03';

const publicCode = (code: string | undefined): ErrorCode => {
  if (code === undefined) return 'gateway.internal';
  if (isLockdownState(code)) return 'org_policy.zdr_irrevocable';
  if (code === '23505') return 'caller.conflict';
  if (code === '55P03' || code === '57014' || code.startsWith('53')) return 'gateway.overloaded';
  return isUnavailable(code) ? 'gateway.unavailable' : 'gateway.internal';
};

/** What a failed query becomes for everybody outside the store: a closed code and nothing else. */
export const toLetheError = (thrown: unknown): LetheError =>
  thrown instanceof LetheError ? thrown : new LetheError(publicCode(databaseCode(thrown)));
