export interface KafkaLogConfig {
  readonly kind: 'kafka';
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /**
   * Authority (absent = the public ones), and for mutual TLS the own certificate and key, as PEM text. Without `tls`
   * everything goes as plain text.
   */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** Attempts the client library makes on its own inside one publish. Default 0: the caller decides before each. */
  readonly clientRetries?: number;
  /** How long a publish may take in all. Default 15000. */
  readonly publishTimeoutMs?: number;
  /**
   * After how long without a heartbeat a group gives a dead consumer's partitions away. Default 30000. A consumer
   * that has fetched nothing for twice as long, not even an empty answer, starts anew.
   */
  readonly sessionTimeoutMs?: number;
}

export interface PostgresLogConfig {
  readonly kind: 'postgres';
  /** `postgres://user:password@host:port/database`; a unix socket's folder stands percent-encoded as the host. */
  readonly url: string;
  /** Reached with a certificate of this authority for the URL's host (PEM text); absent: as the URL says. */
  readonly tls?: { readonly caPem: string };
  /** How long a publish may take in all. Default 15000. */
  readonly publishTimeoutMs?: number;
  /** How often a consumer looks for records nobody announced. Default 500. */
  readonly pollIntervalMs?: number;
  /** How often a consumer of insights removes what is older than its topic's retention. Default 60000. */
  readonly retentionIntervalMs?: number;
}

export type EventLogConfig = KafkaLogConfig | PostgresLogConfig;
