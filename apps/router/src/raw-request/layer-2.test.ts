import { describe, expect, it } from '@jest/globals';
import { type ApiKeyId, newUuidV7, uuidBytes } from '@lethe/contracts';
import truthTable from '@lethe/zdr-policy/truth-table.json' with { type: 'json' };
import { PolicyStore } from '../policy/policy-store.js';
import { keyMessage, orgMessage, snapshotMessage, someOrgId } from '../testing/policy-messages.js';
import { evidenceOf, mayKeepRawRequest } from './raw-request-gate.js';

const apiKeyId = newUuidV7() as ApiKeyId;
const keySha256Hex = Buffer.alloc(32, 1).toString('hex');
const subject = { keySha256Hex, apiKeyId, orgId: someOrgId };

interface Known {
  readonly listed: boolean;
  readonly logging: boolean;
  readonly orgSaysZdr?: boolean;
}

/** The gate over a policy as it comes from the wire. */
const decided = ({ listed, logging, orgSaysZdr = listed }: Known): boolean => {
  const store = new PolicyStore({ keysHonouredMsMax: 1000 });
  store.takePolicy(
    snapshotMessage(1n, {
      apiKeys: [keyMessage({ apiKeyId: uuidBytes(apiKeyId), logging })],
      organizations: [orgMessage({ zdr: orgSaysZdr })],
      zdrOrgIds: listed ? [uuidBytes(someOrgId)] : [],
    }),
  );
  return mayKeepRawRequest(evidenceOf(store, subject));
};

describe('layer 2 answers what the truth table says, on its own evidence', () => {
  it.each(truthTable.layers.rows.map((row) => [row.slice(0, 5).join(' '), row] as const))(
    '%s',
    (_name, row) => {
      const [, zdr, keyLogging] = row;
      const expected = row[6] === 'raw_request';
      expect(decided({ listed: zdr === true, logging: keyLogging === true })).toBe(expected);
      expect(mayKeepRawRequest({ zdr: zdr === true, keyLogging: keyLogging === true })).toBe(expected);
    },
  );

  it('control: the table asks for both answers', () => {
    expect(new Set(truthTable.layers.rows.map((row) => row[6]))).toEqual(
      new Set(['raw_request', 'telemetry_only']),
    );
  });
});

describe('layer 2 by itself', () => {
  it('refuses before any list was received', () => {
    const store = new PolicyStore({ keysHonouredMsMax: 1000 });
    expect(evidenceOf(store, subject)).toEqual({ keyLogging: false, zdr: true });
  });

  it('reads the list, not the organization: it holds where a message forgot the organization’s own flag', () => {
    const store = new PolicyStore({ keysHonouredMsMax: 1000 });
    const apiKeys = [keyMessage({ apiKeyId: uuidBytes(apiKeyId), logging: true })];
    store.takePolicy(snapshotMessage(1n, { apiKeys }));
    expect(mayKeepRawRequest(evidenceOf(store, subject))).toBe(true);
    const forgetful = {
      apiKeys,
      organizations: [orgMessage({ zdr: false })],
      zdrOrgIds: [uuidBytes(someOrgId)],
    };
    store.takePolicy(snapshotMessage(2n, forgetful));
    // The message contradicts itself and is refused whole; the list of it counts all the same.
    expect(store.version).toBe(1n);
    expect(evidenceOf(store, subject)).toEqual({ keyLogging: true, zdr: true });
  });

  it('never forgets a member', () => {
    const store = new PolicyStore({ keysHonouredMsMax: 1000 });
    const organizations = [orgMessage({ zdr: true })];
    store.takePolicy(snapshotMessage(1n, { organizations, zdrOrgIds: [uuidBytes(someOrgId)] }));
    store.takePolicy(snapshotMessage(2n, { organizations, zdrOrgIds: [] }));
    expect(store.zdrList.has(someOrgId)).toBe(true);
  });

  it('takes a key that went to another owner for unknown', () => {
    const store = new PolicyStore({ keysHonouredMsMax: 1000 });
    const apiKeys = [keyMessage({ apiKeyId: uuidBytes(apiKeyId), logging: true })];
    store.takePolicy(snapshotMessage(1n, { apiKeys }));
    expect(evidenceOf(store, subject).keyLogging).toBe(true);
    expect(evidenceOf(store, { ...subject, apiKeyId: newUuidV7() as ApiKeyId }).keyLogging).toBe(false);
    expect(evidenceOf(store, { ...subject, keySha256Hex: 'cd'.repeat(32) }).keyLogging).toBe(false);
  });
});
