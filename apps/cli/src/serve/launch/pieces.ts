import type { EventLogConfig } from '@lethe/event-log';
import type { ObjectStoreConfig } from '@lethe/object-store';
import type { Certificates } from '../settings/file-fields.js';

interface Identity {
  readonly LETHE_TLS_CERTIFICATE_FILE: Certificates;
  readonly LETHE_TLS_KEY_FILE: string;
  readonly LETHE_TLS_CA_FILE: Certificates;
}

/** The service's identity, as services are handed it over. */
export const identityOf = (given: Identity) => ({
  certificatePem: given.LETHE_TLS_CERTIFICATE_FILE.pem,
  privateKeyPem: given.LETHE_TLS_KEY_FILE,
  caPem: given.LETHE_TLS_CA_FILE.pem,
});

interface Kafka {
  readonly LETHE_KAFKA_BROKERS: readonly string[];
  readonly LETHE_KAFKA_CERTIFICATE_FILE: Certificates;
  readonly LETHE_KAFKA_KEY_FILE: string;
  readonly LETHE_KAFKA_CA_FILE: Certificates;
}

export const kafkaOf = (given: Kafka, clientId: string): EventLogConfig => ({
  kind: 'kafka',
  brokers: [...given.LETHE_KAFKA_BROKERS],
  clientId,
  tls: {
    ca: given.LETHE_KAFKA_CA_FILE.pem,
    cert: given.LETHE_KAFKA_CERTIFICATE_FILE.pem,
    key: given.LETHE_KAFKA_KEY_FILE,
  },
});

interface Postgres<R extends string> {
  readonly LETHE_POSTGRES_HOST: string;
  readonly LETHE_POSTGRES_PORT: number;
  readonly LETHE_POSTGRES_CA_FILE: Certificates;
  readonly LETHE_POSTGRES_PASSWORDS_FILE: Readonly<Record<R, string>>;
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export const databaseOf = <R extends string>(given: Postgres<R>, role: NoInfer<R>, database: string) => {
  const password = encodeURIComponent(given.LETHE_POSTGRES_PASSWORDS_FILE[role]);
  const address = `${hostInUrl(given.LETHE_POSTGRES_HOST)}:${given.LETHE_POSTGRES_PORT}`;
  return {
    url: `postgres://${role}:${password}@${address}/${database}`,
    tls: { caPem: given.LETHE_POSTGRES_CA_FILE.pem },
  };
};

/** A bucket whose parts the settings' checks hold together: all are there, or no endpoint is. */
interface Bucket {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly bucket: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly ca: Certificates | undefined;
}

export const bucketOf = ({ endpoint, region, bucket, accessKeyId, secretAccessKey, ca }: Bucket) =>
  endpoint === undefined || bucket === undefined || accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : ({
        kind: 's3',
        endpoint,
        region: region ?? 'us-east-1',
        bucket,
        accessKeyId,
        secretAccessKey,
        ...(ca !== undefined && { tls: { ca: ca.pem } }),
      } satisfies ObjectStoreConfig);

interface ObjectStore {
  readonly LETHE_S3_ENDPOINT?: string | undefined;
  readonly LETHE_S3_REGION?: string | undefined;
  readonly LETHE_S3_BUCKET?: string | undefined;
  readonly LETHE_S3_ACCESS_KEY_ID?: string | undefined;
  readonly LETHE_S3_SECRET_ACCESS_KEY_FILE?: string | undefined;
  readonly LETHE_S3_CA_FILE?: Certificates | undefined;
}

/** `objectStore` of a launch object, or nothing. */
export const objectStoreOf = (given: ObjectStore): { objectStore?: ObjectStoreConfig } => {
  const objectStore = bucketOf({
    endpoint: given.LETHE_S3_ENDPOINT,
    region: given.LETHE_S3_REGION,
    bucket: given.LETHE_S3_BUCKET,
    accessKeyId: given.LETHE_S3_ACCESS_KEY_ID,
    secretAccessKey: given.LETHE_S3_SECRET_ACCESS_KEY_FILE,
    ca: given.LETHE_S3_CA_FILE,
  });
  return objectStore === undefined ? {} : { objectStore };
};
