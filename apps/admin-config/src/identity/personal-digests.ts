import { createHash } from 'node:crypto';
import type { PersonalDigests, UserId } from '@lethe/contracts';
import type { Principal } from '../domain/principal.js';
import { emailOf, operatorSaltId, saltOf } from '../store/audit-salts.js';
import type { Queryable } from '../store/database.js';

/** SHA-256(salt || value) in base64url, 43 characters. Without the salt nobody can tell what it was made of. */
export const personalDigest = (salt: Buffer, value: string): string =>
  createHash('sha256').update(salt).update(value, 'utf8').digest('base64url');

const saltIdOf = (principal: Principal): UserId | undefined => {
  if (principal.kind === 'user') return principal.userId;
  return principal.kind === 'operator' ? operatorSaltId : undefined;
};

/** Who acts and from where, as an audit event may say it; undefined for services. Makes the salt on first use. */
export const personalDigests = async (
  db: Queryable,
  { principal, sourceIp }: { readonly principal: Principal; readonly sourceIp?: string | undefined },
): Promise<PersonalDigests | undefined> => {
  const saltId = saltIdOf(principal);
  if (saltId === undefined) return undefined;
  const email = await emailOf(db, saltId);
  if (email === undefined && sourceIp === undefined) return undefined;
  const salt = await saltOf(db, saltId);
  return {
    ...(email === undefined ? {} : { emailDigest: personalDigest(salt, email) }),
    ...(sourceIp === undefined ? {} : { ipDigest: personalDigest(salt, sourceIp) }),
  };
};
