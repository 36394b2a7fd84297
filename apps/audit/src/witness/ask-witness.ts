import { formatAddCheckpoint, readWitnessAnswer, type WitnessVerdict } from '@lethe/transparency-log';

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 65_536;

export interface WitnessAddress {
  /** Where `add-checkpoint` is below. */
  readonly url: string;
  /** Of type cosignature. */
  readonly verifierKey: string;
}

export interface WitnessQuestion {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}

/** The text of an answer, at most 64 KiB; the rest is not read. */
const readText = async (response: Response): Promise<string | undefined> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/**
 * Asks a witness to cosign (C2SP tlog-witness, POST <url>/add-checkpoint), within ten seconds. Cosignatures are
 * verified. Never rejects: a witness that is away is `unavailable`.
 */
export const askWitness = async (
  { url, verifierKey }: WitnessAddress,
  question: WitnessQuestion,
  stopping: AbortSignal,
): Promise<WitnessVerdict> => {
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: formatAddCheckpoint(question),
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), stopping]),
    });
    const body = await readText(response);
    if (body === undefined) return { kind: 'refused', code: 'answer_malformed' };
    return readWitnessAnswer({
      status: response.status,
      contentType: response.headers.get('content-type') ?? undefined,
      body,
      checkpoint: question.checkpoint,
      oldSize: question.oldSize,
      witnessKeys: [verifierKey],
    });
  } catch {
    return { kind: 'refused', code: 'unavailable' };
  }
};
