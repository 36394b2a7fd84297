import type { ClockReading } from './clocks.js';

/** What the router obeys, as an immutable value. A change makes a new one. */
export interface PolicyView {
  organization(orgId: string): { readonly zdr: boolean } | undefined;
  apiKey(
    apiKeyId: string,
  ):
    | { readonly orgId: string; readonly logging: boolean; readonly sealingKeyId: string | undefined }
    | undefined;
}

/** A snapshot (`fromVersion` undefined, complete) or a delta, with the view it would lead to. */
export interface PolicyChange {
  readonly fromVersion: bigint | undefined;
  readonly version: bigint;
  /** The ZDR list of the message: the whole set in a snapshot, additions in a delta. */
  readonly zdrOrgIds: readonly string[];
  /** Organizations of the message, each with what the message says of it. */
  readonly organizations: readonly { readonly orgId: string; readonly zdr: boolean }[];
  readonly view: PolicyView;
}

export interface CaptureSubject {
  readonly orgId: string;
  readonly apiKeyId: string;
}

/** One sealed payload of a write, with the key it was sealed to. */
export interface WriteEntry extends CaptureSubject {
  readonly sealingKeyId: string;
}

export type NackReason = 'gap' | 'malformed' | 'zdr_regression';

export type RouterEvent = { readonly at: ClockReading } & (
  | { readonly type: 'connected'; readonly bootId: string }
  | { readonly type: 'disconnected' }
  | { readonly type: 'policy'; readonly change: PolicyChange }
  | { readonly type: 'malformed' }
  | { readonly type: 'grant'; readonly nonce: bigint; readonly ttlMs: number; readonly version: bigint }
  | { readonly type: 'write'; readonly writeId: string; readonly entries: readonly WriteEntry[] }
  /** The outcome of a write is known: delivered, or certainly not. */
  | { readonly type: 'written'; readonly writeId: string }
  | { readonly type: 'tick' }
  | { readonly type: 'release' }
);

export type RouterEffect =
  | { readonly type: 'hello'; readonly bootId: string; readonly haveVersion: bigint }
  | { readonly type: 'renew'; readonly nonce: bigint }
  | { readonly type: 'ack'; readonly version: bigint }
  | { readonly type: 'nack'; readonly version: bigint; readonly reason: NackReason }
  | { readonly type: 'release' }
  /** The change was taken: the view of its event is now the view. */
  | { readonly type: 'applied'; readonly version: bigint }
  /** Overwrite and drop payload that waits, of these organizations or of all. */
  | { readonly type: 'revoke'; readonly orgIds: readonly string[] | 'all' }
  /** Hand these to the socket NOW, in this very turn of the event loop; then tell the outcome by `written`. */
  | { readonly type: 'write'; readonly writeId: string; readonly entries: readonly WriteEntry[] }
  /** Overwrite and drop these. */
  | { readonly type: 'withhold'; readonly writeId: string; readonly entries: readonly WriteEntry[] }
  /** Reset (not close) every connection that carries payload. */
  | { readonly type: 'reset_payload' }
  /** Leave the stream, and connect again under a new boot id. */
  | { readonly type: 'new_boot' };

export type RouterStep = readonly [RouterState, readonly RouterEffect[]];

/** The router's half. Immutable: every step gives a new one. */
export interface RouterState {
  readonly clockRateDriftMax: number;
  readonly bootId: string;
  readonly connected: boolean;
  readonly released: boolean;
  /** Payload was cut off with its outcome unknown: this boot never acknowledges again. */
  readonly spent: boolean;
  readonly view: PolicyView;
  readonly version: bigint; // 0: never had a snapshot
  /** Every organization ever seen as ZDR. Only grows. */
  readonly zdrOrgIds: ReadonlySet<string>;
  /** Why the policy cannot be relied on; a whole snapshot in order heals it. */
  readonly doubt: NackReason | undefined;
  readonly leaseTtlMs: number;
  readonly lease: { readonly nonce: bigint; readonly until: ClockReading } | undefined;
  readonly nonce: bigint;
  /** When each renewal without an answer was sent. */
  readonly renewals: ReadonlyMap<bigint, ClockReading>;
  readonly renewAfter: ClockReading | undefined;
  /** Organizations of each write whose outcome is not known yet. */
  readonly writes: ReadonlyMap<string, readonly string[]>;
  readonly ackOwed: bigint | undefined;
  readonly flushUntil: ClockReading | undefined;
  readonly leaseLapses: number;
  readonly zdrRegressions: number;
}
