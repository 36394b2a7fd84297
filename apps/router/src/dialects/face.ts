import type { ServedEndpoint } from '@lethe/model-catalog';
import type { Edit, RequestBody } from '../http/types.js';

/** What the value of a top-level field must be. */
export type FieldRule =
  | 'string'
  | 'number'
  | 'boolean'
  | 'object'
  | 'array'
  | 'string_or_object'
  | 'string_or_array'
  | 'any';

/**
 * A place below the top level that Zero Data Retention looks at, as `tools[].type` or `input[].content[].file_id`.
 * `allowed`: the short strings that may stand there; without it nothing but null may. `needsOneOf`: at the elements of
 * a list, names of members of which each element that is an object must have one with a value.
 */
export interface WatchedPlace {
  readonly path: string;
  readonly allowed?: readonly string[];
  readonly needsOneOf?: readonly string[];
}

/** A request header of the caller's that goes on to the provider. */
export interface ForwardedHeader {
  readonly name: string; // lower case
  /** What is sent when the caller sends none. */
  readonly fallback?: string;
  /** Under ZDR only these of its comma-separated values go on. Without the list it goes on as it is. */
  readonly allowedUnderZdr?: readonly string[];
}

interface OpaqueMembers<Name extends string> {
  readonly field: Name;
  readonly members: readonly string[];
}

/** What Zero Data Retention does to a request. Everything is by name of a known field; unknown fields are refused. */
export interface ZdrRules {
  /** Refused, because the caller would notice that they do not work, or because content leaves for a third party. */
  readonly refused: readonly string[];
  /** Refused only when true. */
  readonly refusedWhenTrue: readonly string[];
  /** Taken out, because the provider would store or keep something by them. */
  readonly stripped: readonly string[];
  /** Kept only when opaque, because they are caller-written identifiers. */
  readonly opaque: readonly string[];
  /** Objects that are kept only when they hold nothing but these members, each of them opaque. */
  readonly opaqueMembers: readonly OpaqueMembers<string>[];
  /** Refused below the top level. */
  readonly watched: readonly WatchedPlace[];
}

/** What an attempt at one provider has to know to change a request. */
export interface EditContext {
  readonly body: RequestBody;
  readonly streaming: boolean;
  /** Under organization ZDR, or asked for by the request. */
  readonly zdr: boolean;
  /** The model thinks before it answers. */
  readonly reasons: boolean;
}

/** One endpoint that Lethe serves, in its dialect: what its requests hold and what becomes of them. All data but `edits`. */
export interface Face {
  readonly endpoint: ServedEndpoint;
  readonly dialect: 'openai' | 'anthropic';
  /** Every known top-level field; ours (`lethe`, `requesty`, `provider`) are added to each face. */
  readonly fields: Readonly<Record<string, FieldRule>>;
  readonly required: readonly string[];
  /** Fields that the model reads: their bytes are what an estimate of input counts. */
  readonly contentFields: readonly string[];
  readonly streams: boolean;
  readonly zdr: ZdrRules;
  /**
   * `where_taken`: `store:false` is forced under ZDR at providers that take the field. `always`: at every provider, and
   * the field never leaves the request, since answers of this endpoint are stored unless it says no.
   */
  readonly store: 'none' | 'where_taken' | 'always';
  /** A stream reports usage only when `stream_options.include_usage` asks for it. */
  readonly asksForUsage: boolean;
  /** All other headers of the caller's stay here. */
  readonly forwardedHeaders: readonly ForwardedHeader[];
  /** Edits of this endpoint alone. Throws LetheError org_policy.field_refused for what may not leave. */
  readonly edits?: (context: EditContext) => readonly Edit[];
}

/** Fields of ours in every dialect: read here, never forwarded. */
export const ownFields = { lethe: 'object', requesty: 'object', provider: 'object' } as const;
export const ownFieldNames: readonly string[] = Object.keys(ownFields);

type FieldOf<Fields> = Extract<keyof Fields, string>;
type NamingList = 'refused' | 'refusedWhenTrue' | 'stripped' | 'opaque';

/** A face whose lists can only name fields that it knows. */
export const defineFace = <const Fields extends Readonly<Record<string, FieldRule>>>(
  face: Omit<Face, 'fields' | 'required' | 'contentFields' | 'zdr'> & {
    readonly fields: Fields;
    readonly required: readonly FieldOf<Fields>[];
    readonly contentFields: readonly FieldOf<Fields>[];
    readonly zdr: { readonly [List in NamingList]: readonly FieldOf<Fields>[] } & {
      readonly opaqueMembers: readonly OpaqueMembers<FieldOf<Fields>>[];
      readonly watched: readonly WatchedPlace[];
    };
  },
): Face => ({ ...face, fields: { ...face.fields, ...ownFields } });
