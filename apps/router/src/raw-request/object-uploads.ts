import { randomBytes } from 'node:crypto';
import type { RawRequestReference, SealedPayloadRecord } from '@lethe/contracts';
import { ObjectStoreError, type ObjectStoreErrorCode, type ObjectWriter } from '@lethe/object-store';
import type { WriteEntry } from '@lethe/policy-sync';
import type { SealedPayload } from '@lethe/sealed-payload';
import type { Logger } from '@lethe/service-kit';
import type { PayloadTransport, PayloadWrites } from '../policy/payload-writes.js';

/** A sealed body on its way to the object store. */
export interface Upload extends WriteEntry {
  readonly sealed: SealedPayload;
  readonly payload: SealedPayloadRecord;
  /** LAYER 2's own word, asked right before the attempt. */
  agrees(): boolean;
  /** It is stored, or it is not (undefined) and its payload goes without it. */
  done(stored: RawRequestReference | undefined): void;
  /** Its payload is not to go either: revoked, or given up. */
  dropped(): void;
}

export interface ObjectUploadsOptions {
  readonly writer: ObjectWriter;
  readonly writes: PayloadWrites;
  readonly log: Logger;
}

const atOnceMax = 4;
const waitingMax = 1000;

/** After these nothing of a put was stored, nor will be. After any other error it may be, even later. */
const certainly: ReadonlySet<ObjectStoreErrorCode> = new Set([
  'object_too_large',
  'bad_key',
  'denied',
  'missing_bucket',
  'exists',
  'full',
  'closed',
]);
const certainlyNot = (thrown: unknown): boolean =>
  thrown instanceof ObjectStoreError && certainly.has(thrown.code);

/** Puts sealed bodies into the object store: a few at once, one attempt each, over connections of its own. */
export class ObjectUploads implements PayloadTransport {
  #waiting: Upload[] = [];
  readonly #underWay = new Set<Upload>();
  /** Of those under way: their payload does not follow. */
  readonly #doomed = new Set<Upload>();
  #onIdle: (() => void) | undefined;
  #stopped = false;
  stored = 0;
  /** Put by nobody: refused, failed, revoked or given up. */
  notStored = 0;

  constructor(private readonly options: ObjectUploadsOptions) {}

  get depth(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  /** Takes one on; when there are too many already its payload goes without it. */
  add(upload: Upload): void {
    if (this.#stopped) this.#drop([upload]);
    else if (this.#waiting.length >= waitingMax) this.#leaveOut(upload);
    else {
      this.#waiting.push(upload);
      this.#next();
    }
  }

  revoke(orgIds: readonly string[] | 'all'): void {
    const isMeant = ({ orgId }: Upload): boolean => orgIds === 'all' || orgIds.includes(orgId);
    const revoked = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((upload) => !isMeant(upload));
    for (const upload of this.#underWay) if (isMeant(upload)) this.#doomed.add(upload);
    this.#drop(revoked);
  }

  reset(): void {
    for (const upload of this.#underWay) this.#doomed.add(upload);
    this.options.writer.sever();
  }

  /** Drops everything that waits, with its payload: telemetry needs the room. */
  dropAll(): void {
    this.#drop(this.#waiting.splice(0));
  }

  /** Waits for what is under way, at most `deadlineMs`, then drops the rest and severs. The end. */
  async drain(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (this.depth > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        timer = setTimeout(resolve, deadlineMs);
      });
    clearTimeout(timer);
    this.#stopped = true;
    this.dropAll();
    this.reset();
  }

  #next(): void {
    while (this.#underWay.size < atOnceMax) {
      const upload = this.#waiting.shift();
      if (upload === undefined) break;
      if (upload.agrees()) this.#put(upload);
      else this.#leaveOut(upload);
    }
    if (this.depth === 0) this.#onIdle?.();
  }

  #put(upload: Upload): void {
    const { contentKey, nonce, ciphertext } = upload.sealed;
    const objectKey = randomBytes(16).toString('hex');
    this.#underWay.add(upload);
    const { withheld, outcome } = this.options.writes.write([upload], {
      send: () => this.options.writer.put(objectKey, ciphertext),
      certainlyNot,
    });
    if (withheld.length > 0) {
      this.#underWay.delete(upload);
      this.#doomed.delete(upload);
      this.#drop([upload]);
      return;
    }
    const ciphertextBytes = ciphertext.length;
    outcome.then(
      () => this.#ended(upload, { objectKey, contentKey, nonce, ciphertextBytes }),
      (thrown: unknown) => {
        const code = thrown instanceof ObjectStoreError ? thrown.code : 'unavailable';
        this.options.log.warn('raw_request.not_stored', { code });
        this.#ended(upload, undefined);
      },
    );
  }

  #ended(upload: Upload, reference: RawRequestReference | undefined): void {
    this.#underWay.delete(upload);
    if (this.#doomed.delete(upload)) this.#drop([upload]);
    else if (reference === undefined) this.#leaveOut(upload);
    else {
      this.stored += 1;
      upload.sealed.ciphertext.fill(0);
      upload.done(reference);
    }
    this.#next();
  }

  #leaveOut(upload: Upload): void {
    this.notStored += 1;
    upload.sealed.ciphertext.fill(0);
    upload.done(undefined);
  }

  #drop(uploads: readonly Upload[]): void {
    this.notStored += uploads.length;
    for (const upload of uploads) {
      upload.sealed.ciphertext.fill(0);
      upload.dropped();
    }
  }
}
