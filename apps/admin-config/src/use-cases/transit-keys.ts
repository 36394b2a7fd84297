import type { OrgId, Uuid } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Caller } from '../domain/principal.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { lockOrganization } from '../store/organizations.js';
import { findTransitKey, replaceTransitKey } from '../store/transit-keys.js';
import { type Deps, makeChange } from './change.js';

interface TransitKeyWish {
  readonly orgId: OrgId;
  readonly transitKeyId: Uuid;
  readonly publicKey: Buffer; // 32 bytes
}

/**
 * Makes a public key the organization's current transit key; returns the version that carries it. The same key
 * again answers with its first version. Refused under ZDR: without a key nothing can be sealed.
 */
export const registerTransitKey = (deps: Deps, caller: Caller, wish: TransitKeyWish): Promise<bigint> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockOrganization(change.tx, { id: wish.orgId });
    if (org === undefined) throw new LetheError('caller.not_found');
    const target = { kind: 'transit_key', id: wish.transitKeyId } as const;
    if (org.zdr !== undefined)
      throw new RefusedChange('org_policy.zdr_irrevocable', {
        orgId: org.id,
        target,
        attempted: 'transit_key.registered',
      });
    const present = await findTransitKey(change.tx, wish.transitKeyId);
    if (present !== undefined) {
      if (present.orgId === org.id && present.publicKey.equals(wish.publicKey)) return present.configVersion;
      throw new LetheError('caller.conflict');
    }
    await replaceTransitKey(change.tx, {
      ...wish,
      current: true,
      configVersion: change.version,
      createdAt: change.now,
    });
    const after = { version: change.version.toString() };
    change.audit({ type: 'transit_key.registered', orgId: org.id, target, after });
    return change.version;
  });
