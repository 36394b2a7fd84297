import * as grpc from '@grpc/grpc-js';
import { newUuidV7, type OrgId, uuidText, policy as wire } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { RouterSession, type SessionOptions } from '../policy-sync/router-session.js';
import type { Deps } from '../use-cases/change.js';
import { registerTransitKey } from '../use-cases/transit-keys.js';
import { unary } from './unary.js';

const streamsMax = 256;
const publicKeyBytes = 32;

/** PolicySync: the routers' stream, and accounting's registration of transit keys. */
export const policySyncService = (deps: Deps, session: SessionOptions) => {
  const implementation: wire.PolicySyncServer = {
    sync: (call) => {
      if (session.hub.streams >= streamsMax)
        call.emit('error', { code: grpc.status.RESOURCE_EXHAUSTED, details: 'too many streams' });
      else new RouterSession(call, session);
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
