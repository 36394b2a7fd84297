import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@lethe/service-kit';
import type { SettingProblem } from '../settings/checks.js';
import type { Reading } from '../settings/read-settings.js';
import { Renewal } from './renewal.js';

type LaunchObject = Readonly<Record<string, unknown>>;

const first: LaunchObject = { tls: { certificatePem: 'one' }, publicTls: { certificatePem: 'p' }, port: 1 };

const renewal = () => {
  let reading: Reading<LaunchObject> = { settings: first };
  const told: object[] = [];
  const said: string[] = [];
  const watch = new Renewal({
    read: () => reading,
    launch: first,
    tell: (line) => told.push(line),
    log: createLogger('launcher', (line) => {
      const { event, setting, code, part } = JSON.parse(line) as Record<string, string>;
      said.push([event, setting, code, part].filter(Boolean).join(' '));
    }),
  });
  return {
    told,
    said,
    settings: (changes: LaunchObject) => {
      reading = { settings: { ...first, ...changes } };
      watch.check();
    },
    problems: (...problems: readonly Pick<SettingProblem, 'name' | 'code'>[]) => {
      reading = { problems: problems.map((problem) => ({ ...problem, words: 'is wrong' })) };
      watch.check();
    },
  };
};

describe('files that are looked at again', () => {
  it('and are the same tell nothing', () => {
    const { told, said, settings } = renewal();
    settings({});
    settings({});
    expect({ told, said }).toEqual({ told: [], said: [] });
  });

  it('hand over what is new, once, and only that', () => {
    const { told, said, settings } = renewal();
    const tls = { certificatePem: 'two' };
    settings({ tls });
    settings({ tls });
    expect(told).toEqual([{ renew: { tls } }]);
    const publicTls = { certificatePem: 'q' };
    settings({ tls: { certificatePem: 'three' }, publicTls });
    expect(told[1]).toEqual({ renew: { tls: { certificatePem: 'three' }, publicTls } });
    expect(said).toEqual([
      'renewal.handed_over tls',
      'renewal.handed_over tls',
      'renewal.handed_over publicTls',
    ]);
  });

  it('are refused by name while they do not fit, each fault once, and taken when they do', () => {
    const { told, said, settings, problems } = renewal();
    const mismatch = { name: 'LETHE_TLS_KEY_FILE', code: 'keyMismatch' } as const;
    problems(mismatch);
    problems(mismatch);
    problems({ name: 'LETHE_TLS_CERTIFICATE_FILE', code: 'expired' });
    expect(told).toEqual([]);
    settings({ tls: { certificatePem: 'two' } });
    problems(mismatch);
    expect(told).toHaveLength(1);
    expect(said).toEqual([
      'renewal.refused LETHE_TLS_KEY_FILE keyMismatch',
      'renewal.refused LETHE_TLS_CERTIFICATE_FILE expired',
      'renewal.handed_over tls',
      'renewal.refused LETHE_TLS_KEY_FILE keyMismatch',
    ]);
  });

  it('that a service reads only at its start are named, and handed over never', () => {
    const { told, said, settings } = renewal();
    settings({ port: 2, database: { url: 'x' } });
    settings({ port: 2, database: { url: 'x' } });
    expect({ told, said }).toEqual({
      told: [],
      said: ['renewal.waits_for_restart port', 'renewal.waits_for_restart database'],
    });
  });
});
