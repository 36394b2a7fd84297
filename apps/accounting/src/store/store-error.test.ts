import { describe, expect, it } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import { constraintOf, guarded, storeErrorOf } from './store-error.js';

const thrown = (code: string, extra: Record<string, unknown> = {}) =>
  Object.assign(new Error('Key (user_id)=(CANARY) already exists'), { code, detail: 'CANARY', ...extra });

describe('errors of the database', () => {
  it.each([
    ['23505', 'refused_value'],
    ['22003', 'refused_value'],
    ['57014', 'timeout'],
    ['55P03', 'timeout'],
    ['57P01', 'unavailable'],
    ['08006', 'unavailable'],
    ['CONNECTION_CLOSED', 'unavailable'],
    ['CONNECT_TIMEOUT', 'unavailable'],
    ['ECONNREFUSED', 'unavailable'],
    ['ENOENT', 'unavailable'],
    ['42501', 'failed'],
    ['ZDR01', 'failed'],
  ])('%s is %s, and nothing of its text stays', (code, kind) => {
    const error = storeErrorOf(thrown(code));
    expect([error.kind, error.code]).toEqual([kind, code]);
    expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain('CANARY');
    expect(error.cause).toBeUndefined();
  });

  it('are found below an error of drizzle, whose message holds statement and parameters', () => {
    const drizzleError = Object.assign(new Error('Failed query: select CANARY'), { cause: thrown('57P01') });
    expect(storeErrorOf(drizzleError).code).toBe('57P01');
  });

  it('without a code, or with text for one, have none', () => {
    expect(storeErrorOf(new Error('CANARY')).code).toBe('');
    expect(storeErrorOf(thrown('what was said')).code).toBe('');
    expect(storeErrorOf('CANARY').kind).toBe('failed');
  });

  it('become a closed code at the edge', async () => {
    const codeOf = async (error: unknown) =>
      guarded(() => Promise.reject(error)).catch((mapped: unknown) => (mapped as LetheError).code);
    expect(await codeOf(thrown('08006'))).toBe('gateway.unavailable');
    expect(await codeOf(thrown('57014'))).toBe('gateway.overloaded');
    expect(await codeOf(thrown('42501'))).toBe('gateway.internal');
    expect(await codeOf(new LetheError('caller.not_found'))).toBe('caller.not_found');
  });

  it('name a constraint only when it is one of ours', () => {
    const known = ['org_sealed', 'org_unknown'] as const;
    expect(constraintOf(thrown('ZDR02', { constraint_name: 'org_unknown' }), known)).toBe('org_unknown');
    expect(constraintOf(thrown('ZDR02', { constraint_name: 'CANARY' }), known)).toBeUndefined();
  });
});
