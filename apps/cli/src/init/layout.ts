import { type ServiceName, serviceNames } from '@lethe/contracts';

/** The user of every image of deploy/Dockerfile. */
const letheUid = 10_001;

/**
 * One folder per container, so that each is shown its own secrets and no others, with the user it runs as. `operator`
 * is shown to none.
 */
export const folders = {
  operator: undefined,
  postgres: 999,
  kafka: 1_000,
  s3: 10_001,
  balancer: 99,
  router: letheUid,
  'admin-config': letheUid,
  accounting: letheUid,
  audit: letheUid,
  migrate: letheUid,
  topics: letheUid,
  buckets: letheUid,
  tools: letheUid,
} as const satisfies Readonly<Record<string, number | undefined>>;
export type FolderName = keyof typeof folders;
export const folderNames = Object.keys(folders) as FolderName[];

/** What a certificate is for; the file names stand in its folder. */
export interface CertificatePlan {
  readonly folder: FolderName;
  readonly certificate: string;
  readonly key: string;
  readonly authority: 'internal' | 'public';
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly uri?: string;
  readonly usage: 'server' | 'client' | 'both';
}

/** The services that speak to Kafka with a certificate of their own. */
const kafkaClients = ['router', 'accounting', 'audit'] as const;

const internal = (
  folder: FolderName,
  name: string,
  plan: Pick<CertificatePlan, 'commonName' | 'dnsNames' | 'usage' | 'uri'>,
): CertificatePlan => ({
  folder,
  certificate: `${name}.crt`,
  key: `${name}.key`,
  authority: 'internal',
  ...plan,
});

const server = (folder: FolderName): CertificatePlan =>
  internal(folder, 'server', { commonName: folder, dnsNames: [folder, 'localhost'], usage: 'server' });

/** Under the names that MinIO looks for. */
const objectStore: CertificatePlan = { ...server('s3'), certificate: 'public.crt', key: 'private.key' };

const service = (name: ServiceName): CertificatePlan =>
  internal(name, 'service', {
    commonName: name,
    dnsNames: [name, 'localhost'],
    uri: `spiffe://lethe/${name}`,
    usage: 'both',
  });

/** Kafka takes the common name for the principal. */
const kafkaClient = (folder: FolderName, principal: string): CertificatePlan =>
  internal(folder, 'kafka', { commonName: principal, dnsNames: [], usage: 'client' });

/** Every certificate of a deployment. `publicHosts` are the names that client apps use. */
export const certificatePlans = (publicHosts: readonly string[]): readonly CertificatePlan[] => [
  ...serviceNames.map(service),
  server('postgres'),
  objectStore,
  // Broker and, to itself, client.
  internal('kafka', 'server', { commonName: 'kafka', dnsNames: ['kafka', 'localhost'], usage: 'both' }),
  ...kafkaClients.map((name) => kafkaClient(name, name)),
  kafkaClient('topics', 'admin'),
  kafkaClient('tools', 'ops'),
  {
    folder: 'router',
    certificate: 'public.crt',
    key: 'public.key',
    authority: 'public',
    commonName: publicHosts[0] ?? 'localhost',
    dnsNames: [...new Set([...publicHosts, 'localhost'])],
    usage: 'server',
  },
];

/** Who checks peers against the internal authority. */
export const authorityReaders = folderNames.filter((name) => name !== 'operator');
