import { decideZdrEnable } from '@lethe/zdr-policy';
import type { Organization } from '../domain/organization.js';
import type { Principal } from '../domain/principal.js';
import { actorOf } from './actor.js';
import { RefusedChange } from './refused-change.js';

// LAYER 4, in code. There is a guard for enabling ZDR and nothing that takes it back.

interface ZdrWish {
  readonly principal: Principal;
  readonly org: Organization;
  readonly confirmation: string;
}

/** Passes for an admin of the organization who typed its slug. Throws RefusedChange. */
export const guardZdrEnable = ({ principal, org, confirmation }: ZdrWish): void => {
  const decision = decideZdrEnable({ actor: actorOf(principal), confirmation, slug: org.slug });
  if (decision === 'allowed') return;
  const attempt = {
    orgId: org.id,
    target: { kind: 'organization', id: org.id },
    attempted: 'zdr.enabled',
    present: { zdr: org.zdr !== undefined },
    wished: { zdr: true },
  } as const;
  if (decision === 'not_permitted') throw new RefusedChange('caller.forbidden', attempt);
  throw new RefusedChange('caller.confirmation_mismatch', attempt, 'confirm');
};
