import * as grpc from '@grpc/grpc-js';
import { type accounting, type OrgId, uuidText } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import type { ApiKeyCopy, ControlStore } from '../store/control-store.js';
import type { SealOrg } from '../vault/seal-org.js';

const apiKeysMax = 10_000;
const versionMax = 2n ** 63n - 1n;

class InvalidArgumentError extends Error {
  constructor() {
    super('invalid argument');
    this.name = 'InvalidArgumentError';
  }
}

/** An answer, or a status without the text of what failed. */
const unary =
  <Request, Response>(event: string, log: Logger, answer: (request: Request) => Promise<Response>) =>
  (call: grpc.ServerUnaryCall<Request, Response>, reply: grpc.sendUnaryData<Response>): void => {
    answer(call.request).then(
      (response) => reply(null, response),
      (error: unknown) => {
        const invalid = error instanceof InvalidArgumentError;
        log.error(event, error);
        reply({
          code: invalid ? grpc.status.INVALID_ARGUMENT : grpc.status.UNAVAILABLE,
          details: invalid ? 'invalid argument' : 'not done, try again',
        });
      },
    );
  };

const idOf = (bytes: Uint8Array): OrgId => {
  const id = uuidText(bytes);
  if (id === undefined) throw new InvalidArgumentError();
  return id;
};

const copyOf = (key: accounting.ApiKeyCopy): ApiKeyCopy => {
  if (key.version > versionMax) throw new InvalidArgumentError();
  return {
    apiKeyId: idOf(key.apiKeyId),
    orgId: idOf(key.orgId),
    groupId: key.groupId.length === 0 ? undefined : idOf(key.groupId),
    logging: key.logging,
    version: key.version,
  };
};

interface ControlDeps {
  readonly store: Pick<ControlStore, 'openOrg' | 'putApiKey'>;
  readonly sealOrg: SealOrg;
  readonly log: Logger;
  /** Told that an organization may lack keys. */
  readonly onOpened: () => void;
}

/** The control face: opens and seals organizations and keeps the copy of API keys. Every call is idempotent. */
export const accountingControl = (deps: ControlDeps): accounting.AccountingControlServer => {
  const { store, log } = deps;
  return {
    openOrg: unary<accounting.OpenOrgRequest, accounting.OpenOrgResponse>(
      'grpc.open_org_failed',
      log,
      async (request) => {
        const sealed = await store.openOrg(idOf(request.orgId));
        deps.onOpened();
        return { sealed };
      },
    ),
    sealOrg: unary<accounting.SealOrgRequest, accounting.SealOrgResponse>(
      'grpc.seal_org_failed',
      log,
      async (request) => {
        const orgId = idOf(request.orgId);
        if (request.version > versionMax) throw new InvalidArgumentError();
        const { version, shredHistory } = request;
        const { sealedVersion, shreddedAtMs } = await deps.sealOrg({ orgId, version, shredHistory });
        return { sealedVersion, shreddedAtMs: shreddedAtMs ?? 0n };
      },
    ),
    putApiKeys: unary<accounting.PutApiKeysRequest, accounting.PutApiKeysResponse>(
      'grpc.put_api_keys_failed',
      log,
      async (request) => {
        if (request.apiKeys.length > apiKeysMax) throw new InvalidArgumentError();
        for (const copy of request.apiKeys.map(copyOf)) {
          const fits = await store.putApiKey(copy);
          if (!fits) log.warn('api_key.organization_differs', { apiKeyId: copy.apiKeyId });
        }
        return {};
      },
    ),
  };
};
