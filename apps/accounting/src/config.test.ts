import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '@lethe/service-kit';
import { configSchema } from './config.js';

const hex = 'ab'.repeat(32);
const launch = {
  host: '127.0.0.1',
  restPort: 4003,
  grpcPort: 5003,
  serviceCredential: `lethe_svc_${'x'.repeat(43)}`,
  callers: { 'admin-config': hex },
  operatorTokenSha256: hex,
  telemetryDatabase: { url: 'postgres://lethe_telemetry_w:p@127.0.0.1:5432/accounting' },
  payloadDatabase: { url: 'postgres://lethe_payload_w:p@127.0.0.1:5432/accounting' },
  readDatabase: { url: 'postgres://lethe_accounting_r:p@127.0.0.1:5432/accounting' },
  controlDatabase: { url: 'postgres://lethe_accounting_control:p@127.0.0.1:5432/accounting' },
  adminConfigGrpc: '127.0.0.1:5002',
  auditGrpc: '127.0.0.1:5004',
  telemetryLog: { kind: 'postgres', url: 'postgres://lethe_accounting_log:p@127.0.0.1:5432/event_log' },
  payloadLog: { kind: 'kafka', brokers: ['kafka:9092'], clientId: 'accounting' },
  transitWrappingKey: hex,
  atRestRootKey: hex,
};
const problemsOf = (source: unknown): readonly string[] => {
  try {
    readConfig(configSchema, source);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : ['not a ConfigError'];
  }
};

describe('the launch object', () => {
  it('is read', () => {
    const config = readConfig(configSchema, launch);
    expect(config.callers['admin-config']).toEqual(Buffer.from(hex, 'hex'));
    expect(config.payloadLog).toEqual(launch.payloadLog);
  });

  it('keeps transit keys in one way: by a key from the pipe, or in a folder that replicas share', () => {
    const { transitWrappingKey: _absent, ...without } = launch;
    const transitKeys = { kind: 'folder', path: '/var/lib/lethe-keys' };
    expect(problemsOf({ ...without, transitKeys })).toEqual([]);
    for (const source of [without, { ...launch, transitKeys }])
      expect(problemsOf(source).map((problem) => problem.split(':')[0])).toEqual(['transitKeys']);
    expect(problemsOf({ ...without, transitKeys: { kind: 'folder', path: 'keys' } })).toHaveLength(1);
  });

  it('may name an object store, of either kind', () => {
    const s3 = { kind: 's3', endpoint: 'https://s3:9000', region: 'eu', bucket: 'raw-requests' };
    const login = { accessKeyId: 'a', secretAccessKey: 'b' };
    const url = 'postgres://lethe_accounting_objects:p@127.0.0.1:5432/object_store';
    for (const objectStore of [
      { ...s3, ...login },
      { ...s3, ...login, sessionToken: 'c' },
      { kind: 'postgres', url },
    ])
      expect(problemsOf({ ...launch, objectStore })).toEqual([]);
    expect(problemsOf({ ...launch, objectStore: s3 })).not.toEqual([]);
  });

  it('names every problem at once and no value', () => {
    const problems = problemsOf({
      ...launch,
      restPort: 'SECRET',
      atRestRootKey: 'SECRET',
      serviceCredential: 'SECRET',
      payloadLog: { kind: 'memory' },
      callers: { stranger: hex },
    });
    const names = problems.map((problem) => problem.split(':')[0]);
    expect(names).toEqual(
      expect.arrayContaining(['restPort', 'atRestRootKey', 'serviceCredential', 'payloadLog.kind']),
    );
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join()).not.toContain('SECRET');
  });
});
