import type { EventEmitter } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import { newUuidV7, type OrgId, uuidBytes, uuidText, policy as wire } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { RouterSession, type SessionOptions } from '../policy-sync/router-session.js';
import { committedZdr } from '../store/zdr-steps.js';
import type { Deps } from '../use-cases/change.js';
import { registerTransitKey } from '../use-cases/transit-keys.js';
import { statusOf } from './status-of.js';
import { unary } from './unary.js';

const streamsMax = 256;
const publicKeyBytes = 32;

const sendAll = async (
  call: grpc.ServerWritableStream<wire.ListZdrOrganizationsRequest, wire.ZdrOrganization>,
  read: () => ReturnType<typeof committedZdr>,
): Promise<void> => {
  for (const { orgId, version, shredHistory } of await read()) {
    if (call.cancelled) return;
    if (!call.write({ orgId: uuidBytes(orgId), version, shredHistory })) await drained(call);
  }
  call.end();
};

/** Until it takes more, or is gone. */
const drained = (call: EventEmitter): Promise<void> =>
  new Promise((resolve) => {
    for (const name of ['drain', 'cancelled', 'close']) call.once(name, () => resolve());
  });

/** PolicySync: the routers' stream, and accounting's registration of transit keys. */
export const policySyncService = (deps: Deps, session: SessionOptions) => {
  const implementation: wire.PolicySyncServer = {
    sync: (call) => {
      if (session.driver.connections >= streamsMax)
        call.emit('error', { code: grpc.status.RESOURCE_EXHAUSTED, details: 'too many streams' });
      else new RouterSession(call, session);
    },
    listZdrOrganizations: (call) => {
      sendAll(call, () => deps.database.read(committedZdr)).catch((error) => {
        session.log.error('grpc.failed', error);
        call.destroy(Object.assign(new Error('failed'), statusOf(error)));
      });
    },
    registerTransitKey: unary(session.log, async (request: wire.RegisterTransitKeyRequest) => {
      const orgId = uuidText(request.orgId) as OrgId | undefined;
      const transitKeyId = uuidText(request.transitKeyId);
      if (orgId === undefined || transitKeyId === undefined || request.publicKey.length !== publicKeyBytes)
        throw new LetheError('caller.invalid_value');
      const caller = {
        principal: { kind: 'service', name: 'accounting' },
        correlationId: newUuidV7(),
      } as const;
      return {
        version: await registerTransitKey(deps, caller, {
          orgId,
          transitKeyId,
          publicKey: request.publicKey,
        }),
      };
    }),
  };
  return { definition: wire.PolicySyncService, implementation };
};
