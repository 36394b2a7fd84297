import { hash, randomBytes } from 'node:crypto';

const bearer = /^bearer +([\x21-\x7e]{1,512})$/i;

/** The token of an Authorization header, or undefined. */
export const bearerToken = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : bearer.exec(header)?.[1];

/** SHA-256 of a token, 32 bytes: the only form in which tokens and API keys are stored, compared or sent on. */
export const tokenSha256 = (token: string): Buffer => hash('sha256', token, 'buffer');

/** The same in hexadecimal digits, as what is looked up by it needs it. */
export const tokenSha256Hex = (token: string): string => hash('sha256', token, 'hex');

/** A new credential: the prefix and 256 random bits in base64url. */
export const newToken = (prefix: 'sk-lethe-' | 'lethe_mgmt_' | 'lethe_ops_' | 'lethe_svc_'): string =>
  prefix + randomBytes(32).toString('base64url');
