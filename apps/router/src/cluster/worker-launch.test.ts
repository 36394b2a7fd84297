import { describe, expect, it } from '@jest/globals';
import { readRouterConfig } from '../config.js';
import { workerFlags, workerLaunch, workerRouterId } from './worker-launch.js';

const launched = {
  port: 4000,
  operatorPort: 4100,
  routerId: 'r'.repeat(64),
  adminConfigGrpc: '127.0.0.1:5002',
  serviceCredential: 'lethe_svc_of_the_test',
  telemetryLog: { kind: 'postgres', url: 'postgres://host/db' },
  payloadLog: { kind: 'postgres', url: 'postgres://host/db' },
  workers: 4,
  later: { of: 'another release' },
};

describe('what a worker is handed over', () => {
  it('is what the primary was, as a single router of another name', () => {
    const id = workerRouterId('router-1', 2);
    expect(workerLaunch(launched, id)).toEqual({ ...launched, routerId: id, workers: 1 });
  });

  it('is a launch object that a router takes, however long the name of the primary is', () => {
    const id = workerRouterId(launched.routerId, 63);
    const config = readRouterConfig(workerLaunch(launched, id));
    expect([config.routerId, config.workers]).toEqual([id, 1]);
  });

  it('has an id that no other worker has, nor one that is gone', () => {
    const ids = Array.from({ length: 64 }, (_, index) => workerRouterId('router-1', index % 4));
    expect(new Set(ids).size).toBe(64);
    expect(ids.every((id, index) => id.startsWith(`router-1.${index % 4}.`))).toBe(true);
  });

  it('comes with the flags of the primary, without the right to start processes', () => {
    const shared = ['--permission', '--disable-warning=ExperimentalWarning', '--allow-fs-read=/x/*'];
    expect(workerFlags([...shared, '--allow-child-process', '--disable-warning=SecurityWarning'])).toEqual(
      shared,
    );
  });
});

describe('the number of workers', () => {
  it('is one unless it is said', () => {
    const { workers: _, ...single } = launched;
    expect(readRouterConfig(single).workers).toBe(1);
  });

  it.each([0, -1, 1.5, 65, '4', null, Number.NaN])('cannot be %p, and the error names it', (workers) => {
    expect(() => readRouterConfig({ ...launched, workers })).toThrow(/- workers: /);
  });
});
