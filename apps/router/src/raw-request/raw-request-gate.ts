import type { ApiKeyId, OrgId } from '@lethe/contracts';

/** What this layer sees: nothing that another layer concluded. */
export interface RawRequestEvidence {
  /** The key's own flag; false for a key that is not known. */
  readonly keyLogging: boolean;
  /** Whether the organization stands in the list of ZDR organizations. */
  readonly zdr: boolean;
}

/** Where the evidence is read, anew each time. */
export interface RawRequestPolicy {
  apiKey(
    sha256Hex: string,
  ): { readonly apiKeyId: ApiKeyId; readonly orgId: OrgId; readonly logging: boolean } | undefined;
  readonly zdrList: { has(orgId: OrgId): boolean };
}

/** Whose request it is. */
export interface RawRequestSubject {
  readonly keySha256Hex: string;
  readonly apiKeyId: ApiKeyId;
  readonly orgId: OrgId;
}

/** LAYER 2. Whether a raw request body may be kept. */
export const mayKeepRawRequest = ({ keyLogging, zdr }: RawRequestEvidence): boolean => {
  if (zdr !== false) return false;
  return keyLogging === true;
};

/** The evidence as it stands now. A key that went to another owner is not known. */
export const evidenceOf = (policy: RawRequestPolicy, subject: RawRequestSubject): RawRequestEvidence => {
  const key = policy.apiKey(subject.keySha256Hex);
  const isSame = key?.apiKeyId === subject.apiKeyId && key.orgId === subject.orgId;
  return { keyLogging: isSame && key.logging, zdr: policy.zdrList.has(subject.orgId) };
};
