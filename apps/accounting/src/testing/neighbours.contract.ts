import type * as grpc from '@grpc/grpc-js';
import { audit, identity, policy, type Uuid, uuidBytes, uuidText } from '@lethe/contracts';
import { newToken, serveGrpc, tokenSha256 } from '@lethe/service-kit';

type Role = 'admin' | 'member' | 'auditor' | 'operator';

/** Who a test's token belongs to. */
export interface TestPrincipal {
  readonly role: Role;
  readonly orgId?: Uuid;
  readonly ownApiKeyIds?: readonly Uuid[];
  readonly adminGroupIds?: readonly Uuid[];
}

/** An organization that gave payload up, as a neighbour remembers it. */
export interface RememberedZdr {
  readonly orgId: Uuid;
  readonly version?: bigint;
  readonly shredHistory?: boolean;
}

export interface AppendedEvent {
  readonly eventId: Uuid;
  readonly orgId: Uuid | undefined;
  readonly type: string;
  readonly text: string;
}

const roleNumbers: Readonly<Record<Role, number>> = { admin: 1, member: 2, auditor: 3, operator: 4 };
const notFound: identity.AuthenticateResponse = {
  found: false,
  tokenId: Buffer.alloc(0),
  userId: Buffer.alloc(0),
  orgId: Buffer.alloc(0),
  role: 0,
  ownApiKeyIds: [],
  adminGroupIds: [],
  orgSlug: '',
  emailDigest: '',
  ipDigest: '',
};

/** The gRPC faces of admin-config and audit that accounting calls, on real sockets, with memories of what they were told. */
export interface Neighbours {
  readonly address: string;
  /** Accounting's own credential, for its calls. */
  readonly credential: string;
  readonly registered: {
    readonly orgId: Uuid | undefined;
    readonly transitKeyId: Uuid | undefined;
    readonly publicKey: Buffer;
  }[];
  readonly appended: AppendedEvent[];
  /** What admin-config and audit's anchors remember of ZDR. */
  readonly zdrOrganizations: RememberedZdr[];
  readonly tombstones: RememberedZdr[];
  /** Set: that list is not answered. */
  listsFail: { zdrOrganizations: boolean; tombstones: boolean };
  /** Makes a management token that belongs to `principal`. */
  token(principal: TestPrincipal): string;
  /** Status the neighbours fail every call with; undefined: they work. */
  failing: grpc.status | undefined;
  /** Status with which audit refuses an event for ever, by its text; undefined: it takes it. */
  refuses: (event: string) => grpc.status | undefined;
  stop(): Promise<void>;
}

const typeOf = (text: string): string => /"type":"ai\.lethe\.audit\.([a-z_.]+)\.v1"/.exec(text)?.[1] ?? '';

interface Memory {
  readonly principals: Map<string, TestPrincipal>;
  readonly registered: Neighbours['registered'];
  readonly appended: AppendedEvent[];
  readonly zdrOrganizations: RememberedZdr[];
  readonly tombstones: RememberedZdr[];
  listsFail: Neighbours['listsFail'];
  failing: grpc.status | undefined;
  refuses: Neighbours['refuses'];
}

const answering =
  (memory: Memory) =>
  <Request, Response>(answer: (request: Request) => Response) =>
  (call: grpc.ServerUnaryCall<Request, Response>, reply: grpc.sendUnaryData<Response>): void => {
    if (memory.failing !== undefined) reply({ code: memory.failing, details: '' });
    else reply(null, answer(call.request));
  };

const identityServer = (memory: Memory): identity.IdentityServer => ({
  authenticate: answering(memory)((request: identity.AuthenticateRequest) => {
    const principal = memory.principals.get(request.tokenSha256.toString('hex'));
    if (principal === undefined) return notFound;
    return {
      ...notFound,
      found: true,
      tokenId: Buffer.alloc(16, 1),
      userId: Buffer.alloc(16, 2),
      orgId: uuidBytes(principal.orgId),
      role: roleNumbers[principal.role],
      ownApiKeyIds: (principal.ownApiKeyIds ?? []).map(uuidBytes),
      adminGroupIds: (principal.adminGroupIds ?? []).map(uuidBytes),
    };
  }),
});

const listing =
  <Item>(items: () => readonly Item[] | undefined) =>
  (call: grpc.ServerWritableStream<unknown, Item>): void => {
    const found = items();
    if (found === undefined) {
      call.emit('error', { code: 14, details: '' });
      return;
    }
    for (const item of found) call.write(item);
    call.end();
  };

const policyServer = (memory: Memory): policy.PolicySyncServer => ({
  sync: (call) => call.end(),
  listZdrOrganizations: listing(() =>
    memory.failing !== undefined || memory.listsFail.zdrOrganizations
      ? undefined
      : memory.zdrOrganizations.map(({ orgId, version = 1n, shredHistory = false }) => ({
          ...{ orgId: uuidBytes(orgId), version, shredHistory },
        })),
  ),
  registerTransitKey: answering(memory)((request: policy.RegisterTransitKeyRequest) => {
    memory.registered.push({
      orgId: uuidText(request.orgId),
      transitKeyId: uuidText(request.transitKeyId),
      publicKey: request.publicKey,
    });
    return { version: 1n };
  }),
});

const append = (memory: Memory) =>
  answering(memory)((request: audit.AppendRequest) => {
    const text = request.event.toString('utf8');
    const eventId = uuidText(request.eventId) as Uuid;
    memory.appended.push({ eventId, orgId: uuidText(request.orgId), type: typeOf(text), text });
    return { index: BigInt(memory.appended.length - 1), proof: '', checkpoint: '' };
  });

const auditServer = (memory: Memory): audit.AuditServer => ({
  append: (call, reply) => {
    const refused = memory.refuses(call.request.event.toString('utf8'));
    if (refused !== undefined) reply({ code: refused, details: '' });
    else append(memory)(call, reply);
  },
  appendStream: (call) => call.end(),
  getProof: answering(memory)(() => ({ index: 0n, proof: '', checkpoint: '' })),
  listTombstones: listing(() =>
    memory.failing !== undefined || memory.listsFail.tombstones
      ? undefined
      : memory.tombstones.map(({ orgId, shredHistory = false }) => ({
          ...{ orgId: uuidBytes(orgId), enabledAtMs: 1n, eventId: Buffer.alloc(16, 1), shredHistory },
        })),
  ),
});

export const startNeighbours = async (): Promise<Neighbours> => {
  const credential = newToken('lethe_svc_');
  const memory: Memory = {
    principals: new Map(),
    registered: [],
    appended: [],
    zdrOrganizations: [],
    tombstones: [],
    listsFail: { zdrOrganizations: false, tombstones: false },
    failing: undefined,
    refuses: () => undefined,
  };
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { accounting: tokenSha256(credential) },
    services: [
      { definition: identity.IdentityService, implementation: { ...identityServer(memory) } },
      { definition: policy.PolicySyncService, implementation: { ...policyServer(memory) } },
      { definition: audit.AuditService, implementation: { ...auditServer(memory) } },
    ],
  });
  return {
    address: `127.0.0.1:${server.port}`,
    credential,
    registered: memory.registered,
    appended: memory.appended,
    zdrOrganizations: memory.zdrOrganizations,
    tombstones: memory.tombstones,
    get listsFail() {
      return memory.listsFail;
    },
    set listsFail(listsFail) {
      memory.listsFail = listsFail;
    },
    token(principal) {
      const token = newToken(principal.role === 'operator' ? 'lethe_ops_' : 'lethe_mgmt_');
      memory.principals.set(tokenSha256(token).toString('hex'), principal);
      return token;
    },
    get refuses() {
      return memory.refuses;
    },
    set refuses(refuses) {
      memory.refuses = refuses;
    },
    get failing() {
      return memory.failing;
    },
    set failing(status) {
      memory.failing = status;
    },
    stop: () => server.close(),
  };
};
