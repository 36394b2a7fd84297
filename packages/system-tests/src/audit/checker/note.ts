import { createHash, createPublicKey, verify } from 'node:crypto';

const spki = Buffer.from('302a300506032b6570032100', 'hex');

export interface PinnedLog {
  readonly origin: string;
  readonly publicKey: Buffer;
}

/** What a verifier key (`name+id+key`) pins. The key's own text may hold a plus. */
export const pinnedLogOf = (verifierKey: string): PinnedLog => {
  const [origin = '', , ...typed] = verifierKey.split('+');
  return { origin, publicKey: Buffer.from(typed.join('+'), 'base64').subarray(1) };
};

export interface SignedHead {
  readonly size: number;
  readonly root: Buffer;
}

const known = new WeakMap<PinnedLog, Map<string, SignedHead | undefined>>();

/** What a checkpoint says, when the pinned key signed it; otherwise undefined. Each is read once for a log. */
export const readCheckpoint = (note: string, log: PinnedLog): SignedHead | undefined => {
  const heads = known.get(log) ?? new Map<string, SignedHead | undefined>();
  known.set(log, heads);
  if (!heads.has(note)) heads.set(note, openCheckpoint(note, log));
  return heads.get(note);
};

const openCheckpoint = (note: string, { origin, publicKey }: PinnedLog): SignedHead | undefined => {
  const end = note.lastIndexOf('\n\n');
  const body = note.slice(0, end + 1);
  const [name, size = '', root = ''] = body.split('\n');
  const typed = Buffer.concat([Buffer.from(`${origin}\n`), Buffer.from([1]), publicKey]);
  const keyId = createHash('sha256').update(typed).digest().subarray(0, 4);
  const key = createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' });
  const signed = note
    .slice(end + 2)
    .split('\n')
    .filter((line) => line.startsWith(`— ${origin} `))
    .map((line) => Buffer.from(line.slice(`— ${origin} `.length), 'base64'))
    .some(
      (blob) => blob.subarray(0, 4).equals(keyId) && verify(null, Buffer.from(body), key, blob.subarray(4)),
    );
  if (end < 0 || name !== origin || !signed) return undefined;
  return { size: Number(size), root: Buffer.from(root, 'base64') };
};

export interface ReadProof {
  readonly event: Buffer;
  readonly index: number;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
}

/** The parts of a tlog-proof with the event in its extra line. */
export const readProof = (proof: string): ReadProof | undefined => {
  const blank = proof.indexOf('\n\n');
  const [title, extra = '', index = '', ...path] = proof.slice(0, blank).split('\n');
  if (title !== 'c2sp.org/tlog-proof@v1' || !extra.startsWith('extra ') || !index.startsWith('index '))
    return undefined;
  return {
    event: Buffer.from(extra.slice('extra '.length), 'base64'),
    index: Number(index.slice('index '.length)),
    path: path.map((line) => Buffer.from(line, 'base64')),
    checkpoint: proof.slice(blank + 2),
  };
};
