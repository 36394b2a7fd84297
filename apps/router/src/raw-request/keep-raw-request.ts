import type { SealedPayloadRecord } from '@lethe/contracts';
import type { RequestBody } from '../http/types.js';
import type { SealingKey } from '../policy/types.js';
import type { HeldBytes } from './held-bytes.js';
import type { ObjectUploads } from './object-uploads.js';
import { RawCopy } from './raw-copy.js';
import {
  evidenceOf,
  mayKeepRawRequest,
  type RawRequestPolicy,
  type RawRequestSubject,
} from './raw-request-gate.js';

/** A body that is kept until its request ends. One of the two is called, once. */
export interface KeptRawRequest {
  /** Seals it, stores it, and sends the payload on: with the reference to it, or without when it could not be stored. */
  follow(payload: SealedPayloadRecord): void;
  wipe(): void;
}

export interface RawRequestsOptions {
  readonly policy: RawRequestPolicy;
  readonly held: HeldBytes;
  readonly uploads: ObjectUploads;
  /** Sends a payload on. */
  readonly offer: (payload: SealedPayloadRecord) => void;
  /** A longer body is not kept. */
  readonly bytesMax: number;
}

type Keeper = RawRequestSubject & { readonly sealingKey: SealingKey | undefined };

/** LAYER 2. Raw request bodies: kept for the time of a request, then sealed and put into the object store. */
export class RawRequests {
  constructor(private readonly options: RawRequestsOptions) {}

  /**
   * Copies a body whose payload was granted, if this layer agrees by its own evidence and there is room. To be called
   * only after the grant.
   */
  keep(of: Keeper, body: Pick<RequestBody, 'bytesTotal' | 'chunks'>): KeptRawRequest | undefined {
    const { sealingKey } = of;
    if (sealingKey === undefined || body.bytesTotal > this.options.bytesMax || !this.#agrees(of))
      return undefined;
    const release = this.options.held.take(body.bytesTotal);
    if (release === undefined) return undefined;
    const copy = new RawCopy(body, release);
    return {
      follow: (payload) => this.#follow({ of, copy, sealingKey }, payload),
      wipe: () => copy.release(),
    };
  }

  /** Drops what waits for its upload: telemetry needs the room. */
  dropAll(): void {
    this.options.uploads.dropAll();
  }

  #agrees(of: RawRequestSubject): boolean {
    return mayKeepRawRequest(evidenceOf(this.options.policy, of));
  }

  #follow(
    { of, copy, sealingKey }: { of: Keeper; copy: RawCopy; sealingKey: SealingKey },
    payload: SealedPayloadRecord,
  ): void {
    const { offer, uploads } = this.options;
    const isHis = payload.orgId === of.orgId && payload.apiKeyId === of.apiKeyId;
    const sealed =
      isHis && payload.transitKeyId === sealingKey.transitKeyId && this.#agrees(of)
        ? copy.seal(sealingKey, payload)
        : undefined;
    copy.overwrite();
    if (sealed === undefined) {
      copy.release();
      offer(payload);
      return;
    }
    uploads.add({
      orgId: payload.orgId,
      apiKeyId: payload.apiKeyId,
      sealingKeyId: payload.transitKeyId,
      sealed,
      payload,
      agrees: () => this.#agrees(of),
      done: (rawRequest) => {
        copy.release();
        offer(rawRequest === undefined ? payload : { ...payload, rawRequest });
      },
      dropped: () => {
        copy.release();
        payload.ciphertext.fill(0);
      },
    });
  }
}
