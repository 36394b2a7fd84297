import type { LeaseRow } from '../admin/types.js';

export const orgIds = ['org-a', 'org-b'] as const;

interface ZdrRow {
  readonly version: bigint;
  effective: boolean;
}

export interface Renewal {
  readonly routerId: string;
  readonly bootId: string;
  readonly nonce: bigint;
}

/** What the rules ask of the config database, each method one transaction. */
export class ConfigDatabase {
  version = 1n;
  readonly zdr = new Map<string, ZdrRow>();
  readonly leases = new Map<string, LeaseRow>();
  readonly #nonces = new Map<string, bigint>();
  /** When each version was committed, in real time, with the ZDR set under it. */
  readonly commits: { version: bigint; atMs: number; zdrOrgIds: readonly string[] }[] = [
    { version: 1n, atMs: 0, zdrOrgIds: [] },
  ];

  /** Some change of configuration. */
  bump(atMs: number): void {
    this.version += 1n;
    this.commits.push({ version: this.version, atMs, zdrOrgIds: [...this.zdr.keys()] });
  }

  /** flag and version in one. */
  commitZdr(orgId: string, atMs: number): { version: bigint; effective: boolean } {
    const known = this.zdr.get(orgId);
    if (known !== undefined) return known;
    const row = { version: this.version + 1n, effective: false };
    this.zdr.set(orgId, row);
    this.bump(atMs);
    return row;
  }

  /** version and lease row in one. Undefined: the nonce was seen before. */
  grant(renewal: Renewal, version: bigint = this.version): bigint | undefined {
    const { routerId, bootId, nonce } = renewal;
    const key = `${routerId} ${bootId}`;
    if (nonce <= (this.#nonces.get(key) ?? 0n)) return undefined;
    this.#nonces.set(key, nonce);
    const row = this.leases.get(key);
    this.leases.set(key, {
      routerId,
      bootId,
      firstVersion: row?.firstVersion ?? version,
      grantedVersion: row !== undefined && row.grantedVersion > version ? row.grantedVersion : version,
      renewals: (row?.renewals ?? 0n) + 1n,
      ackedVersion: row?.ackedVersion ?? 0n,
      released: false,
    });
    return version;
  }

  acknowledge(routerId: string, bootId: string, version: bigint): void {
    const row = this.leases.get(`${routerId} ${bootId}`);
    if (row === undefined || row.ackedVersion >= version) return;
    this.leases.set(`${routerId} ${bootId}`, { ...row, ackedVersion: version });
  }

  release(routerId: string, bootId: string): void {
    const row = this.leases.get(`${routerId} ${bootId}`);
    if (row !== undefined) this.leases.set(`${routerId} ${bootId}`, { ...row, released: true });
  }

  forget(routerId: string, bootId: string, renewals: bigint): void {
    if (this.leases.get(`${routerId} ${bootId}`)?.renewals === renewals)
      this.leases.delete(`${routerId} ${bootId}`);
  }

  zdrAt(version: bigint): readonly string[] {
    return this.commits.findLast((commit) => commit.version <= version)?.zdrOrgIds ?? [];
  }

  pending(): { orgId: string; version: bigint }[] {
    return [...this.zdr]
      .filter(([, row]) => !row.effective)
      .map(([orgId, { version }]) => ({ orgId, version }));
  }
}
