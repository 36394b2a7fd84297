export type ProviderId =
  | 'openai'
  | 'azure'
  | 'groq'
  | 'xai'
  | 'deepseek'
  | 'mistral'
  | 'openrouter'
  | 'together'
  | 'fireworks'
  | 'deepinfra'
  | 'anthropic'
  | 'gemini'
  | 'bedrock'
  | 'sim';

export type Dialect = 'openai' | 'anthropic' | 'gemini' | 'bedrock';
/** An endpoint that Lethe serves, and that a provider may serve in the same shape. */
export type ServedEndpoint =
  | 'chat_completions'
  | 'completions'
  | 'responses'
  | 'embeddings'
  | 'messages'
  | 'count_tokens';
export type Endpoint = ServedEndpoint | 'generate_content' | 'converse';
export type Residency = 'eu' | 'us' | 'global';

/** A provider's own terms. Whatever is unknown satisfies no privacy filter. */
export interface DataPolicy {
  /** The longest retention that applies on an ordinary account. */
  readonly retention: 'none' | { readonly days: number } | 'until_deleted' | 'unknown';
  readonly retentionScope: readonly ('abuse_log' | 'app_state' | 'cache' | 'invocation_log')[];
  readonly trains: 'no' | 'yes' | 'opt_in' | 'opt_out' | 'unknown';
  readonly humanReview: 'no' | 'flagged_only' | 'yes' | 'unknown';
  readonly zdrAvailable: 'default' | 'self_serve' | 'approval' | 'contract' | 'none' | 'unknown';
  /** Whether zero retention is on for the account in use. The catalogue never knows; an attestation may. */
  readonly zdrActive: 'yes' | 'no' | 'unknown';
  /** A response header that attests zero retention, or null. */
  readonly attestationHeader: string | null;
  /** Request features that lose a zero-retention guarantee. */
  readonly featureExclusions: readonly string[];
  /** Closed codes; each must be accepted by the organization before the policy counts as no retention. */
  readonly conditions: readonly PolicyCondition[];
  readonly privacyComments: string;
  readonly source: string;
  /** YYYY-MM or YYYY-MM-DD. */
  readonly asOf: string;
  readonly confidence: 'vendor' | 'aggregator' | 'inferred';
}

export type PolicyCondition =
  | 'abuse_review'
  | 'flagged_content_kept'
  | 'depends_on_contract'
  | 'depends_on_account_setting'
  | 'stored_responses_by_default'
  | 'troubleshooting_exception'
  | 'third_party_passthrough'
  | 'gateway_upstream'
  | 'sources_conflict';

/** Integer nano-dollars per million tokens: $0.15 per million is 150_000_000n. */
export interface ModelPrice {
  readonly inputNanosPerMTok: bigint;
  readonly outputNanosPerMTok: bigint;
  readonly cachedInputNanosPerMTok: bigint;
  readonly cacheWriteNanosPerMTok: bigint;
  /** The list the price stands in (`simulated` for invented ones). */
  readonly source: string;
  /** The transcription of that list which was read, when it was not the list itself. */
  readonly readFrom: string | null;
  /** Day on which the list was last compared, YYYY-MM-DD. */
  readonly asOf: string;
}

export interface ModelSupport {
  readonly tools: boolean;
  readonly vision: boolean;
  readonly reasoning: boolean;
  readonly jsonSchema: boolean;
}

export interface CatalogModel {
  /** `provider/model`, the name clients use and telemetry stores. */
  readonly id: string;
  readonly provider: ProviderId;
  /** The name sent to the provider. */
  readonly upstreamModel: string;
  /** Other names of the provider for the same model at the same price, dated snapshots among them. */
  readonly upstreamAliases: readonly string[];
  readonly endpoints: readonly Endpoint[];
  /** Tokens; null when no source was found. */
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  /** Null: unpriced. */
  readonly price: ModelPrice | null;
  readonly supports: ModelSupport;
  readonly dataPolicy: DataPolicy;
}

export interface CatalogRegion {
  readonly id: string;
  readonly residency: Residency;
}

/** Which of OpenAI's top-level chat fields a provider takes, and how it reports usage. */
export interface ProviderAccepts {
  /** Of chat completions; where answers are stored unless told not to, `store` is sent whatever stands here. */
  readonly store: boolean;
  readonly streamOptions: boolean;
  /**
   * Fields the provider refuses or does not define and whose absence changes nothing of the answer: never added, removed
   * before forwarding.
   */
  readonly unsupportedFields: readonly string[];
  /** `on_request`: only with stream_options.include_usage. `always`: in the last chunk. `always_x_groq`: also under `x_groq.usage`. */
  readonly streamUsage: 'on_request' | 'always' | 'always_x_groq';
  /** `beside_output`: completion_tokens does not contain the reasoning tokens, which are billed as output all the same. */
  readonly reasoningTokens: 'in_output' | 'beside_output';
  /** Fields of the provider's own, with the JSON value that makes it keep nothing: sent under Zero Data Retention. */
  readonly forcedUnderZdr?: Readonly<Record<string, string>>;
}

export interface CatalogProvider {
  readonly id: ProviderId;
  readonly dialect: Dialect;
  /** Where the provider serves an endpoint in that endpoint's own shape, relative to the base URL. */
  readonly paths: Readonly<Partial<Record<ServedEndpoint, string>>>;
  /** Null: an account must name its own base URL. */
  readonly defaultBaseUrl: string | null;
  readonly authentication: 'bearer' | 'x-api-key' | 'api-key' | 'x-goog-api-key';
  readonly env: { readonly apiKey: string; readonly baseUrl: string; readonly region: string };
  readonly accepts: ProviderAccepts;
  /** Empty: the provider offers no choice of region. */
  readonly regions: readonly CatalogRegion[];
  /** Where requests without a region run. */
  readonly residency: Residency | 'unknown';
  /** ISO 3166-1 alpha-2, or `unknown`. */
  readonly jurisdictionHq: string;
  readonly dataPolicy: DataPolicy;
}
