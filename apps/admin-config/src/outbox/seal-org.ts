import { accounting, uuidBytes } from '@lethe/contracts';
import { callMetadata, callUnary, channelTo, type Secret, type TlsIdentity } from '@lethe/service-kit';
import type { SealOrg } from '../domain/zdr.js';

const deadlineMs = 5000;

/** SealOrg as a call that is waited for; the outbox row of the same change is what makes up for it when it fails. */
export const createSealOrg = (
  address: string,
  credential: Secret,
  tls?: TlsIdentity,
): { readonly sealOrg: SealOrg; close(): void } => {
  const client = new accounting.AccountingControlClient(address, channelTo('accounting', tls), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
  });
  const metadata = callMetadata(credential);
  const closing = new AbortController();
  return {
    sealOrg: async ({ orgId, version }, shredHistory) => {
      const request = { orgId: uuidBytes(orgId), version, shredHistory };
      const { shreddedAtMs } = await callUnary(
        client.sealOrg.bind(client),
        request,
        metadata,
        deadlineMs,
        closing.signal,
      );
      return shreddedAtMs === 0n ? undefined : new Date(Number(shreddedAtMs));
    },
    close: () => {
      closing.abort();
      client.close();
    },
  };
};
