import { type OrgId, uuidText, type policy as wire } from '@lethe/contracts';

/**
 * LAYER 2's evidence: the organizations that policy messages list as ZDR, read from that list alone and whatever
 * becomes of the rest of the message. A grow-only set: there is no way out of it.
 */
export class ZdrList {
  readonly #listed = new Set<OrgId>();
  #told = false;

  /** Reads the list of one message. An entry that is no id is left to those who read the whole message. */
  learn({ zdrOrgIds }: Pick<wire.Snapshot, 'zdrOrgIds'>): void {
    for (const bytes of zdrOrgIds) {
      const orgId = uuidText(bytes);
      if (orgId !== undefined) this.#listed.add(orgId);
    }
    this.#told = true;
  }

  /** True as well for every organization as long as no list was ever received. */
  has(orgId: OrgId): boolean {
    return !this.#told || this.#listed.has(orgId);
  }
}
