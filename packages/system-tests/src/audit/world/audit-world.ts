import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLogConfig } from '@lethe/event-log';
import { newToken } from '@lethe/service-kit';
import { type AuditDatabases, startAuditDatabases } from './audit-databases.js';
import { type AuditTopics, startAuditTopics } from './audit-topics.js';
import { startIdentities, type TestIdentities } from './identities.js';
import { type Replica, type ReplicaOptions, startReplica } from './replica.js';

const origin = 'audit.lethe.test/log';
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface WorldReplica extends Partial<Omit<ReplicaOptions, 'launch'>> {
  /** Default: `audit`. */
  readonly database?: string;
  /** Default: the world's. */
  readonly anchorsFolder?: string;
  readonly auditLog?: EventLogConfig;
  /** Over what the launch object says otherwise. */
  readonly launch?: Readonly<Record<string, unknown>>;
}

/** Everything an audit service stands on, real, each part in a process of its own, and as many replicas as wanted. */
export interface AuditWorld {
  readonly databases: AuditDatabases;
  readonly topics: AuditTopics;
  readonly identities: TestIdentities;
  readonly folder: string;
  readonly anchorsFolder: string;
  readonly origin: string;
  readonly verifierKey: string;
  readonly publicKey: Buffer;
  /** Signs a checkpoint's body with the log's own key: what somebody could show who had it. */
  sign(body: string): string;
  /** Of admin-config, who may append. */
  readonly callerCredential: string;
  start(options?: WorldReplica): Promise<Replica>;
  /** Stops every replica that was started, and all it stood on. */
  stop(): Promise<void>;
}

const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

/** The public key as signed notes name it, put together here and not by the product. */
const typedKeyOf = (publicKey: Buffer): { typed: Buffer; keyId: Buffer } => {
  const typed = Buffer.concat([Buffer.from([1]), publicKey]);
  return { typed, keyId: sha256(Buffer.concat([Buffer.from(`${origin}\n`), typed])).subarray(0, 4) };
};

export const startAuditWorld = async (): Promise<AuditWorld> => {
  const [databases, topics, identities, folder] = await Promise.all([
    startAuditDatabases(),
    startAuditTopics(),
    startIdentities(),
    mkdtemp(join(tmpdir(), 'lethe-audit-')),
  ]);
  await databases.create('audit');
  const seed = randomBytes(32);
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const { typed, keyId } = typedKeyOf(publicKey);
  const callerCredential = newToken('lethe_svc_');
  const anchorsFolder = join(folder, 'anchors');
  const replicas: Replica[] = [];
  return {
    databases,
    topics,
    identities,
    folder,
    anchorsFolder,
    origin,
    verifierKey: `${origin}+${keyId.toString('hex')}+${typed.toString('base64')}`,
    publicKey,
    sign: (body) => {
      const signature = Buffer.concat([keyId, sign(null, Buffer.from(body), privateKey)]);
      return `${body}\n— ${origin} ${signature.toString('base64')}\n`;
    },
    callerCredential,
    start: async (options = {}) => {
      const replica = await startReplica({
        ...options,
        launch: {
          serviceCredential: identities.serviceCredential,
          callers: { 'admin-config': sha256(callerCredential).toString('hex') },
          operatorTokenSha256: sha256(identities.operatorToken).toString('hex'),
          database: { url: databases.serviceUrl(options.database ?? 'audit') },
          auditLog: options.auditLog ?? topics.config,
          adminConfigGrpc: identities.address,
          signing: { origin, seeds: [seed.toString('hex')] },
          anchorsFolder: options.anchorsFolder ?? anchorsFolder,
          ...options.launch,
        },
      });
      replicas.push(replica);
      return replica;
    },
    stop: async () => {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await Promise.all([databases.stop(), topics.stop(), identities.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
