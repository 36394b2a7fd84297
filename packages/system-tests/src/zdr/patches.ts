import type { Patch } from '../leak/scratch-copy.js';

/** A rule of the protocol that is broken, by one edit or more, and the cheapest test that has to notice. */
export interface BrokenRule {
  readonly name: string;
  readonly edits: readonly Omit<Patch, 'name'>[];
  readonly guard: string;
}

const routerRules = 'packages/policy-sync/src/router/router-rules.test.ts';
const adminRules = 'packages/policy-sync/src/admin/admin-rules.test.ts';
const gateRaces = 'apps/accounting/src/ingest/gate-races.test.ts';
const ingestSql = 'apps/accounting/migrations/0003_ingest.sql';
const folderWrapping = 'apps/accounting/src/vault/folder-wrapping.ts';

export const brokenRules: readonly BrokenRule[] = [
  {
    // The barrier falls without the routers' word.
    name: 'BUG_LATE_ACK',
    edits: [
      {
        file: 'packages/policy-sync/src/admin/barrier.ts',
        search: 'if (row.ackedVersion >= version || row.released) {',
        replace: 'if (row.ackedVersion >= 0n) {',
      },
    ],
    guard: adminRules,
  },
  {
    // A router gives its word with payload under way.
    name: 'BUG_NO_FLUSH',
    edits: [
      {
        file: 'packages/policy-sync/src/router/flush.ts',
        search: 'if (orgIds.some((orgId) => state.zdrOrgIds.has(orgId))) return false;',
        replace: 'if (orgIds.length < 0) return false;',
      },
    ],
    guard: routerRules,
  },
  {
    // A lease counts from when the grant came.
    name: 'BUG_GRANT_LATE',
    edits: [
      {
        file: 'packages/policy-sync/src/router/lease.ts',
        search: 'const until = later(sent, ',
        replace: 'const until = later(at, ',
      },
    ],
    guard: routerRules,
  },
  {
    // A payload transaction does not keep the sealing waiting, and the other way round.
    name: 'BUG_NO_LOCK',
    edits: [
      {
        file: ingestSql,
        search:
          '  perform pg_advisory_xact_lock_shared(77, hashtext(p_org::text));\n  select sealed into v_sealed',
        replace: '  select sealed into v_sealed',
      },
    ],
    guard: gateRaces,
  },
  {
    // Sealing sets the flag, and leaves the transit keys.
    name: 'BUG_KEEP_KEY',
    edits: [
      {
        file: ingestSql,
        search: '  delete from ingest.transit_key t where t.org_id = p_org;\n',
        replace: '',
      },
    ],
    guard: gateRaces,
  },
  {
    // A process remembers a wrapping key that was destroyed.
    name: 'BUG_CACHED_KEY',
    edits: [
      {
        file: folderWrapping,
        search:
          'const readKey = async (path: string): Promise<Buffer | undefined> => {\n  const key = Buffer.alloc(wrappingKeyBytes);',
        replace:
          'const known = new Map<string, Buffer>();\nconst readKey = async (path: string): Promise<Buffer | undefined> => {\n  const key = known.get(path) ?? Buffer.alloc(wrappingKeyBytes);\n  if (known.has(path)) return Buffer.from(key);',
      },
      {
        file: folderWrapping,
        search: "throw new KeyServiceError('short_key');\n    return key;",
        replace:
          "throw new KeyServiceError('short_key');\n    known.set(path, Buffer.from(key));\n    return key;",
      },
    ],
    guard: 'apps/accounting/src/vault/folder-wrapping.test.ts',
  },
  {
    // Whoever may turn triggers off for replication turns the lockdown off.
    name: 'BUG_ORDINARY_TRIGGER',
    edits: [
      {
        file: 'apps/admin-config/migrations/0003_lockdown.sql',
        search: 'alter table config.organization enable always trigger guard_row;',
        replace: 'alter table config.organization enable trigger guard_row;',
      },
    ],
    guard: 'apps/admin-config/src/lockdown/database-lockdown.test.ts',
  },
  {
    // The router seals one organization's content as another's.
    name: 'BUG_MIS_SEAL',
    edits: [
      {
        file: 'apps/router/src/insight/attach-payload.ts',
        search: '{ orgId: uuidBytes(orgId), insightId: uuidBytes(insightId), kind:',
        replace: '{ orgId: Buffer.alloc(16, 1), insightId: uuidBytes(insightId), kind:',
      },
    ],
    guard: 'apps/router/src/insight/layer-1.test.ts',
  },
  {
    // What a router sealed to another organization's key becomes readable there.
    name: 'BUG_NO_ATTESTATION',
    edits: [
      {
        file: 'apps/accounting/migrations/0009_attestation.sql',
        search:
          "e.org_id = u.org_id and e.api_key_id = u.api_key_id and e.retention_decision = 'payload' as agrees",
        replace: 'true as agrees',
      },
    ],
    guard: 'apps/accounting/src/store/attestation.test.ts',
  },
];
