import { describe, expect, it } from '@jest/globals';
import { readAuditConfig } from './config.js';

const launch = {
  restPort: 0,
  grpcPort: 0,
  serviceCredential: 'credential',
  callers: {},
  operatorTokenSha256: '00'.repeat(32),
  database: { url: 'postgres://localhost/audit' },
  auditLog: { kind: 'postgres', url: 'postgres://localhost/event_log' },
  adminConfigGrpc: '127.0.0.1:1',
  signing: { origin: 'audit.lethe.test/log', seeds: ['07'.repeat(32)] },
};
const bucket = {
  kind: 's3',
  endpoint: 'https://s3.lethe.test',
  region: 'us-east-1',
  bucket: 'anchors',
  accessKeyId: 'id',
  secretAccessKey: 'canary-secret',
};

describe('where the anchors are', () => {
  it.each([
    ['a folder', { anchors: { kind: 'folder', path: '/anchors' } }, { kind: 'folder', path: '/anchors' }],
    ['a folder, in short', { anchorsFolder: '/anchors' }, { kind: 'folder', path: '/anchors' }],
    ['a bucket', { anchors: bucket }, bucket],
  ])('may be %s', (_, given, read) => {
    expect(readAuditConfig({ ...launch, ...given }).anchors).toEqual(read);
  });

  it.each([
    ['nowhere', {}],
    ['two places', { anchors: bucket, anchorsFolder: '/anchors' }],
    ['a folder without a root', { anchorsFolder: 'anchors' }],
    ['a bucket by another protocol', { anchors: { ...bucket, endpoint: 'file:///anchors' } }],
    ['a bucket with more', { anchors: { ...bucket, unlocked: true } }],
  ])('cannot be %s, and the error names no value', (_, given) => {
    const read = () => readAuditConfig({ ...launch, ...given });
    expect(read).toThrow(/anchors/);
    expect(read).not.toThrow(/canary|lethe\.test/);
  });
});
