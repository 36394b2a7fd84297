import { policy, uuidBytes } from '@lethe/contracts';
import { callMetadata, callUnary, channelTo, type Secret, type TlsIdentity } from '@lethe/service-kit';
import type { RegisterTransitKey } from './key-keeper.js';

const registerDeadlineMs = 5000;

/** Admin-config's registration of transit public keys. It refuses an organization that is under ZDR. */
export const createRegistration = (options: {
  readonly address: string;
  readonly credential: Secret;
  readonly tls?: TlsIdentity | undefined;
}) => {
  const client = new policy.PolicySyncClient(options.address, channelTo('admin-config', options.tls));
  const metadata = callMetadata(options.credential);
  const register: RegisterTransitKey = async ({ orgId, transitKeyId, publicKey }) => {
    await callUnary(
      client.registerTransitKey.bind(client),
      { orgId: uuidBytes(orgId), transitKeyId: uuidBytes(transitKeyId), publicKey },
      metadata,
      registerDeadlineMs,
    );
  };
  return { register, close: () => client.close() };
};
