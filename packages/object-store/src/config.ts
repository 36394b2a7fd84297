export interface S3StoreConfig {
  readonly kind: 's3';
  /** `https://host[:port]` or `http://host[:port]`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** With credentials that were lent for a time. */
  readonly sessionToken?: string;
  /** Authority (absent = the public ones), as PEM text. */
  readonly tls?: { readonly ca?: string };
}

export interface PostgresStoreConfig {
  readonly kind: 'postgres';
  /** `postgres://user:password@host:port/database`; a unix socket's folder stands percent-encoded as the host. */
  readonly url: string;
  /** Reached with a certificate of this authority for the URL's host (PEM text); absent: as the URL says. */
  readonly tls?: { readonly caPem: string };
}

export type ObjectStoreConfig = S3StoreConfig | PostgresStoreConfig;
