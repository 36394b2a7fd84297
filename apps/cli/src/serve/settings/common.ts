import { type ServiceName, serviceNames } from '@lethe/contracts';
import { z } from 'zod';
import { address, addresses, choice, host, httpsUrl, port, setting, sha256Hex, text } from './fields.js';
import { certificatesFile, jsonFile, privateKeyFile, secretFile } from './file-fields.js';

const plain = false;
const secret = true;
const pem = 'path of a PEM file';

/** Settings of every service. */
export const everyService = {
  LETHE_HOST: setting(host.default('0.0.0.0'), {
    what: 'The address to listen on.',
    form: 'host name or address',
    secret: plain,
  }),
  LETHE_PREFLIGHT: setting(choice(['strict', 'warn']).default('strict'), {
    what: 'What an open way from memory to disk means for a service that sees content: `strict` ends the start, `warn` only says it.',
    form: '`strict` or `warn`',
    secret: plain,
  }),
  LETHE_BUILD_DIGEST: setting(
    text(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits').optional(),
    {
      what: 'The digest that the build must have (`build.json` in the image, printed at each start), so that no other is started by mistake.',
      form: '`sha256:…`',
      secret: plain,
      fallback: 'any',
    },
  ),
  LETHE_TLS_CERTIFICATE_FILE: setting(certificatesFile, {
    what: "The service's own certificate (URI `spiffe://lethe/<service>`) and those between it and the CA. Shown to clients and to the services it calls.",
    form: pem,
    secret: plain,
  }),
  LETHE_TLS_KEY_FILE: setting(privateKeyFile, {
    what: 'The private key of `LETHE_TLS_CERTIFICATE_FILE`.',
    form: pem,
    secret,
  }),
  LETHE_TLS_CA_FILE: setting(certificatesFile, {
    what: 'The certificates by which services know each other.',
    form: pem,
    secret: plain,
  }),
  LETHE_SERVICE_CREDENTIAL_FILE: setting(
    secretFile(/^lethe_svc_[\x21-\x7e]{20,200}$/, 'a credential that begins with lethe_svc_'),
    {
      what: 'What the service proves itself with when it calls another, beside its certificate.',
      form: 'path of a file with one line',
      secret,
    },
  ),
};

const callersSchema = z.partialRecord(z.enum(serviceNames), z.string().regex(/^[0-9a-f]{64}$/));

/** Settings of the services that others call. */
export const calledService = (ports: { readonly rest: number; readonly grpc: number }) => ({
  LETHE_REST_PORT: setting(port.default(ports.rest), {
    what: 'The port of the management API (HTTPS).',
    form: 'port',
    secret: plain,
  }),
  LETHE_GRPC_PORT: setting(port.default(ports.grpc), {
    what: 'The port of the calls of other services (gRPC over mutual TLS).',
    form: 'port',
    secret: plain,
  }),
  LETHE_OPERATOR_TOKEN_SHA256: setting(sha256Hex, {
    what: "SHA-256 of the operator's token.",
    form: '64 hexadecimal digits',
    secret: plain,
  }),
  LETHE_CALLERS_FILE: setting(
    jsonFile(callersSchema, 'a JSON object from service names to SHA-256 in hexadecimal'),
    {
      what: 'Who may call: a JSON object from the name of each calling service to the SHA-256 of its credential.',
      form: 'path of a JSON file',
      secret: plain,
    },
  ),
});

/** Who calls each service, as mayCall of @lethe/contracts has it by method. */
export const callersOf: Readonly<Record<Exclude<ServiceName, 'router'>, readonly ServiceName[]>> = {
  'admin-config': ['router', 'accounting', 'audit'],
  accounting: ['admin-config'],
  audit: ['admin-config', 'accounting'],
};

export const adminConfigAddress = {
  LETHE_ADMIN_CONFIG_GRPC: setting(address, {
    what: 'Where admin-config takes calls. A name with several addresses is several admin-configs.',
    form: '`host:port`',
    secret: plain,
  }),
};
export const accountingAddress = {
  LETHE_ACCOUNTING_GRPC: setting(address, {
    what: 'Where accounting takes calls.',
    form: '`host:port`',
    secret: plain,
  }),
};
export const auditAddress = {
  LETHE_AUDIT_GRPC: setting(address, {
    what: 'Where audit takes calls.',
    form: '`host:port`',
    secret: plain,
  }),
};

/** The event log: Kafka over mutual TLS. */
export const kafka = {
  LETHE_KAFKA_BROKERS: setting(addresses, {
    what: 'Brokers to begin with.',
    form: '`host:port`, separated by commas',
    secret: plain,
  }),
  LETHE_KAFKA_CERTIFICATE_FILE: setting(certificatesFile, {
    what: "The certificate by which Kafka knows the service; its CN is the principal of Kafka's access lists.",
    form: pem,
    secret: plain,
  }),
  LETHE_KAFKA_KEY_FILE: setting(privateKeyFile, {
    what: 'The private key of `LETHE_KAFKA_CERTIFICATE_FILE`.',
    form: pem,
    secret,
  }),
  LETHE_KAFKA_CA_FILE: setting(certificatesFile, {
    what: 'The certificates by which brokers are known.',
    form: pem,
    secret: plain,
  }),
};

/** Where Postgres is: TLS with its name verified. */
export const postgresServer = {
  LETHE_POSTGRES_HOST: setting(host, {
    what: 'The database server, by the name in its certificate.',
    form: 'host name or address',
    secret: plain,
  }),
  LETHE_POSTGRES_PORT: setting(port.default(5432), { what: 'Its port.', form: 'port', secret: plain }),
  LETHE_POSTGRES_CA_FILE: setting(certificatesFile, {
    what: 'The certificates by which the database server is known.',
    form: pem,
    secret: plain,
  }),
};

/** Who prepares the server, and by what. */
export const postgresSuperuser = {
  LETHE_POSTGRES_SUPERUSER: setting(
    text(/^[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a role').default('postgres'),
    { what: 'The role that makes databases and roles.', form: 'text', secret: plain },
  ),
  LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE: setting(
    secretFile(/^[\x21-\x7e]{1,1000}$/, 'a password of printable characters'),
    { what: 'Its password.', form: 'path of a file with one line', secret },
  ),
};

const passwordSchema = z.string().regex(/^[\x21-\x7e]{16,200}$/);

/** Passwords of roles, and of no others: what a service does not hold, nobody can take from it. */
export const passwordsFile = <const R extends string>(roles: readonly [R, ...R[]]) =>
  jsonFile(
    z.strictObject(
      Object.fromEntries(roles.map((role) => [role, passwordSchema])) as Record<R, typeof passwordSchema>,
    ),
    `a JSON object with the passwords of ${roles.join(', ')} and of no other role`,
  );

export const postgresPasswords = <const R extends string>(roles: readonly [R, ...R[]]) => ({
  LETHE_POSTGRES_PASSWORDS_FILE: setting(passwordsFile(roles), {
    what: `A JSON object with the passwords (16 to 200 printable characters) of the service's own roles and of no others: ${roles.map((role) => `\`${role}\``).join(', ')}.`,
    form: 'path of a JSON file',
    secret,
  }),
});

const bucketName = text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket');
const region = text(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a region');
const accessKeyId = text(/^[\x21-\x7e]{3,128}$/, 'must be 3 to 128 printable characters');
const secretAccessKey = secretFile(/^[\x21-\x7e]{8,256}$/, 'a secret access key');

/** The object store of raw requests. Without `LETHE_S3_ENDPOINT` none are kept. */
export const objectStore = {
  LETHE_S3_ENDPOINT: setting(httpsUrl.optional(), {
    what: 'Where raw requests are kept. Unset: none are, and no other `LETHE_S3_` setting may be set.',
    form: '`https://` URL',
    secret: plain,
  }),
  LETHE_S3_REGION: setting(region.optional(), {
    what: 'Its region.',
    form: 'name',
    secret: plain,
    fallback: '`us-east-1`',
  }),
  LETHE_S3_BUCKET: setting(bucketName.optional(), { what: 'The bucket.', form: 'name', secret: plain }),
  LETHE_S3_ACCESS_KEY_ID: setting(accessKeyId.optional(), {
    what: "The service's own access key: the router's may only put, accounting's may read, list and delete.",
    form: 'text',
    secret: plain,
  }),
  LETHE_S3_SECRET_ACCESS_KEY_FILE: setting(secretAccessKey.optional(), {
    what: 'Its secret.',
    form: 'path of a file with one line',
    secret,
  }),
  LETHE_S3_CA_FILE: setting(certificatesFile.optional(), {
    what: 'The certificates by which the store is known, when its own are not publicly trusted.',
    form: pem,
    secret: plain,
    fallback: 'publicly trusted ones',
  }),
};

/** The bucket of the anchors of the audit log. */
export const anchors = {
  LETHE_ANCHORS_ENDPOINT: setting(httpsUrl.optional(), {
    what: 'Where the newest checkpoint and the tombstones of ZDR are kept outside the database: a bucket with object lock in compliance mode. This or `LETHE_ANCHORS_DIR`.',
    form: '`https://` URL',
    secret: plain,
  }),
  LETHE_ANCHORS_REGION: setting(region.optional(), {
    what: 'Its region.',
    form: 'name',
    secret: plain,
    fallback: '`us-east-1`',
  }),
  LETHE_ANCHORS_BUCKET: setting(bucketName.optional(), {
    what: 'The locked bucket.',
    form: 'name',
    secret: plain,
  }),
  LETHE_ANCHORS_ACCESS_KEY_ID: setting(accessKeyId.optional(), {
    what: 'Its access key.',
    form: 'text',
    secret: plain,
  }),
  LETHE_ANCHORS_SECRET_ACCESS_KEY_FILE: setting(secretAccessKey.optional(), {
    what: 'Its secret.',
    form: 'path of a file with one line',
    secret,
  }),
  LETHE_ANCHORS_CA_FILE: setting(certificatesFile.optional(), {
    what: 'The certificates by which the store of the anchors is known, when its own are not publicly trusted.',
    form: pem,
    secret: plain,
    fallback: 'publicly trusted ones',
  }),
};
