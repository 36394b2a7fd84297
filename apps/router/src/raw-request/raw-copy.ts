import { type InsightId, type OrgId, uuidBytes } from '@lethe/contracts';
import { type SealedPayload, sealPayload } from '@lethe/sealed-payload';
import type { RequestBody } from '../http/types.js';
import type { SealingKey } from '../policy/types.js';

/** What a sealed body is bound to, besides the key it is sealed to. */
interface Binding {
  readonly insightId: InsightId;
  readonly orgId: OrgId;
  readonly policyVersion: bigint;
}

/** A copy of a request body as it was received, in one Buffer of its own that nothing can print and that is overwritten. */
export class RawCopy {
  readonly #bytes: Buffer;
  readonly #release: () => void;

  constructor(body: Pick<RequestBody, 'bytesTotal' | 'chunks'>, release: () => void) {
    this.#release = release;
    // Not from Node's shared pool: what is copied here must be gone after one fill().
    this.#bytes = Buffer.allocUnsafeSlow(body.bytesTotal);
    let at = 0;
    for (const chunk of body.chunks) at += chunk.copy(this.#bytes, at);
    this.#bytes.fill(0, at);
  }

  /** Seals the copy under a content key of its own. Undefined when the key takes nothing. */
  seal({ transitKeyId, publicKey }: SealingKey, binding: Binding): SealedPayload | undefined {
    const { insightId, orgId, policyVersion } = binding;
    try {
      return sealPayload(
        this.#bytes,
        { transitKeyId: uuidBytes(transitKeyId), publicKey },
        { orgId: uuidBytes(orgId), insightId: uuidBytes(insightId), kind: 'raw', policyVersion },
      );
    } catch {
      return undefined;
    }
  }

  /** Overwrites the copy. The room it took is given back by `release`. Idempotent. */
  overwrite(): void {
    this.#bytes.fill(0);
  }

  release(): void {
    this.overwrite();
    this.#release();
  }
}
