import type { ErrorCode } from '@lethe/contracts';
import { bearerToken, tokenSha256Hex } from '@lethe/service-kit';
import type { Credentials } from '../http/caller.js';
import type { ApiKeyPolicy, OrgPolicy, Policy } from '../policy/types.js';

/** Who a request belongs to. Today always from an API key. `org` undefined: the snapshot does not know it (yet). */
export interface Principal {
  readonly keySha256Hex: string;
  readonly key: ApiKeyPolicy;
  readonly org: OrgPolicy | undefined;
}

export type Authenticated =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly code: ErrorCode };

const headerOf = (rawHeaders: readonly string[], name: string): string | undefined => {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name) return rawHeaders[i + 1];
  }
  return undefined;
};

const keyOf = (rawHeaders: readonly string[]): string | undefined => {
  const token = bearerToken(headerOf(rawHeaders, 'authorization')) ?? headerOf(rawHeaders, 'x-api-key');
  return token === undefined || token === '' ? undefined : tokenSha256Hex(token);
};

interface Asking {
  readonly rawHeaders: readonly string[];
  readonly credentials?: Credentials;
}

/** Finds the principal by the SHA-256 of the key, whatever its prefix. A router without a policy says 503, not 401. */
export const authenticate = (
  { rawHeaders, credentials }: Asking,
  policy: Policy,
  nowMs: number,
): Authenticated => {
  if (!policy.usable()) return { ok: false, code: 'gateway.not_ready' };
  const keySha256Hex = credentials?.keySha256Hex ?? keyOf(rawHeaders);
  if (keySha256Hex === undefined) return { ok: false, code: 'caller.missing_credentials' };
  if (credentials !== undefined) credentials.keySha256Hex = keySha256Hex;
  const key = policy.apiKey(keySha256Hex);
  if (key === undefined || (key.expiresAtMs !== 0 && key.expiresAtMs <= nowMs))
    return { ok: false, code: 'caller.invalid_api_key' };
  return { ok: true, principal: { keySha256Hex, key, org: policy.organization(key.orgId) } };
};
