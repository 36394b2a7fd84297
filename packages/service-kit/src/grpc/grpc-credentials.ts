import { checkServerIdentity } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { ServiceName } from '@lethe/contracts';
import { serviceOfPeer } from '../tls/service-uri.js';
import type { TlsIdentity } from '../tls/tls-identity.js';

const handshakeMsMax = 10_000;

/** Who serves: asks every client for a certificate of the house's authority, and follows renewals. */
class MutualServerCredentials extends grpc.ServerCredentials {
  /** No renewal is followed any more. */
  readonly close: () => void;

  constructor(identity: TlsIdentity) {
    super(
      { requestCert: true, rejectUnauthorized: true, handshakeTimeout: handshakeMsMax },
      identity.serverOptions(),
    );
    this.close = identity.onRenewed(() => this.updateSecureContextOptions(identity.serverOptions()));
  }

  _equals(other: grpc.ServerCredentials): boolean {
    return this === other;
  }
}

/** Plain text without an identity. */
export const serverCredentials = (
  identity: TlsIdentity | undefined,
): { readonly credentials: grpc.ServerCredentials; close(): void } => {
  if (identity === undefined)
    return { credentials: grpc.ServerCredentials.createInsecure(), close: () => undefined };
  const credentials = new MutualServerCredentials(identity);
  return { credentials, close: credentials.close };
};

const channels = new WeakMap<TlsIdentity, Map<ServiceName, grpc.ChannelCredentials>>();

const openChannel = (service: ServiceName, identity: TlsIdentity): grpc.ChannelCredentials =>
  grpc.credentials.createFromSecureContext(identity.clientContext, {
    rejectUnauthorized: true,
    // In place of the usual look at the host's name, so that is done here too.
    checkServerIdentity: (host, peer) =>
      checkServerIdentity(host, peer) ??
      (serviceOfPeer(peer) === service ? undefined : new Error('another service answers here')),
  });

/**
 * How a client reaches a service: with its own identity, and only where the certificate names both the host and the
 * service. Plain text without an identity. The same object for the same two, so that clients share connections.
 */
export const channelTo = (
  service: ServiceName,
  identity: TlsIdentity | undefined,
): grpc.ChannelCredentials => {
  if (identity === undefined) return grpc.credentials.createInsecure();
  const known = channels.get(identity) ?? new Map<ServiceName, grpc.ChannelCredentials>();
  channels.set(identity, known);
  const channel = known.get(service) ?? openChannel(service, identity);
  known.set(service, channel);
  return channel;
};
