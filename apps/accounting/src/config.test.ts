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
