import { newUuidV7 } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { bounds } from '../domain/bounds.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardAdmin } from '../lockdown/admins-only.js';
import { deleteField, fieldsOf, insertField, type RegisteredField } from '../store/fields.js';
import { type Deps, makeChange } from './change.js';
import { lockedOrganization, readableOrganization } from './locked.js';

export type FieldWish = Pick<RegisteredField, 'key' | 'type' | 'listedValues'>;

const sameField = (a: FieldWish, b: FieldWish): boolean =>
  a.type === b.type &&
  a.listedValues.length === b.listedValues.length &&
  a.listedValues.every((value, index) => value === b.listedValues[index]);

/**
 * Registers a tag or extra key with a closed type. The same again changes nothing; another type under the same key
 * rejects with caller.conflict: unregister it first. The event names the field by id, not by its key.
 */
export const registerField = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: FieldWish,
): Promise<RegisteredField> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const id = newUuidV7();
    guardAdmin(change.principal, { orgId: org.id, target: { kind: 'organization', id: org.id } });
    const fields = await fieldsOf(change.tx, org.id);
    const present = fields.find(({ key }) => key === wish.key);
    if (present !== undefined) {
      if (sameField(present, wish)) return present;
      throw new LetheError('caller.conflict', 'key');
    }
    if (fields.length >= bounds.fieldsPerOrgMax) throw new LetheError('gateway.overloaded');
    const field = { id, orgId: org.id, ...wish, createdAt: change.now };
    await insertField(change.tx, field);
    change.audit({
      type: 'field.registered',
      orgId: org.id,
      target: { kind: 'field', id },
      after: { type: wish.type, listed_values: wish.listedValues.length },
    });
    return field;
  });

export const unregisterField = (deps: Deps, caller: Caller, ref: OrgRef, key: string): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    guardAdmin(change.principal, { orgId: org.id, target: { kind: 'organization', id: org.id } });
    const field = await deleteField(change.tx, org.id, key);
    if (field === undefined) throw new LetheError('caller.not_found');
    change.audit({ type: 'field.unregistered', orgId: org.id, target: { kind: 'field', id: field.id } });
  });

export const listFields = (deps: Deps, caller: Caller, ref: OrgRef): Promise<RegisteredField[]> =>
  deps.database.read(async (db) => {
    const org = await readableOrganization(db, caller.principal, ref);
    return fieldsOf(db, org.id);
  });
