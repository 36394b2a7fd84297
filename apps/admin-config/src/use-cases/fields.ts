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

/** A field in an event. Its key is a bounded identifier and stands there: the row may be gone when the event is read. */
const factsOf = (field: FieldWish) => ({
  key: field.key,
  type: field.type,
  listed_values: field.listedValues.length,
});

/**
 * Registers a tag or extra key with a closed type. The same again changes nothing; another type under the same key
 * rejects with caller.conflict: unregister it first.
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
    guardAdmin(change.principal, {
      orgId: org.id,
      target: { kind: 'organization', id: org.id },
      attempted: 'field.registered',
    });
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
      after: factsOf(wish),
    });
    return field;
  });

export const unregisterField = (deps: Deps, caller: Caller, ref: OrgRef, key: string): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    guardAdmin(change.principal, {
      orgId: org.id,
      target: { kind: 'organization', id: org.id },
      attempted: 'field.unregistered',
    });
    const field = await deleteField(change.tx, org.id, key);
    if (field === undefined) throw new LetheError('caller.not_found');
    change.audit({
      type: 'field.unregistered',
      orgId: org.id,
      target: { kind: 'field', id: field.id },
      before: factsOf(field),
    });
  });

export const listFields = (deps: Deps, caller: Caller, ref: OrgRef): Promise<RegisteredField[]> =>
  deps.database.read(async (db) => {
    const org = await readableOrganization(db, caller.principal, ref);
    return fieldsOf(db, org.id);
  });
