import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type AuditEventInput, encodeAuditEvent, newUuidV7 } from '@lethe/contracts';
import {
  appendLeaves,
  emptyFrontier,
  encodeEntryBundle,
  encodeTile,
  formatCheckpointBody,
  formatProof,
  hashLeaf,
  inclusionProof,
  makeCosigner,
  makeSigner,
  newEntryBundles,
  nodeKey,
  signNote,
  tileNodes,
  tilePath,
  tilesOfSize,
} from '@lethe/transparency-log';

export const origin = 'log.test/audit';
export const orgId = newUuidV7();
const seedOf = (text: string): Buffer => createHash('sha256').update(text).digest();
export const signer = makeSigner(origin, seedOf('the log'));
export const otherSigner = makeSigner(origin, seedOf('somebody else'));
export const witnessOne = makeCosigner('witness.test/one', seedOf('one'), () => 1_800_000_000);
export const witnessTwo = makeCosigner('witness.test/two', seedOf('two'), () => 1_800_000_000);
export const key = signer.verifierKey;

export const userId = newUuidV7();

/** The event at a place of the test's log: each hundredth enables ZDR. Made anew it is another history. */
export const entryAt = (index: number, over: Partial<AuditEventInput> = {}): Buffer => {
  const isZdr = index % 100 === 0;
  return encodeAuditEvent({
    eventId: newUuidV7(),
    type: isZdr ? 'zdr.enabled' : 'apikey.created',
    source: 'admin-config',
    timeMs: 1_795_287_600_000 + index,
    orgId,
    actor: { kind: 'admin', id: userId },
    target: isZdr ? { kind: 'organization', id: orgId } : { kind: 'api_key', id: newUuidV7() },
    outcome: 'success',
    ...(isZdr
      ? { before: { default_logging: true }, after: { default_logging: false, keys_forced_off: 2 } }
      : {}),
    ...over,
  });
};

/** A whole log as the writer would make it: note, tiles by path, proofs, export lines. */
export class SmallLog {
  readonly #hashes = new Map<string, Buffer>();
  readonly root: Buffer;

  constructor(
    readonly entries: readonly Buffer[],
    readonly signers: readonly ReturnType<typeof makeSigner>[] = [signer],
  ) {
    const leaves = entries.map((entry) => hashLeaf(entry));
    const { root, nodes } = appendLeaves(emptyFrontier, leaves);
    this.root = root;
    for (const node of nodes) this.#hashes.set(nodeKey(node), node.hash);
  }

  get size(): number {
    return this.entries.length;
  }

  note(): string {
    return signNote(formatCheckpointBody({ origin, size: this.size, root: this.root }), this.signers);
  }

  /** Every file of the log but the checkpoint. */
  tiles(): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    for (const tile of tilesOfSize(this.size)) {
      const { level, firstIndex, count } = tileNodes(tile);
      const hashes = Array.from({ length: count }, (_, at) => this.#hash(level, firstIndex + at));
      files.set(tilePath(tile), encodeTile(hashes));
    }
    for (const bundle of newEntryBundles(0, this.size)) {
      const { firstIndex, count } = tileNodes(bundle);
      files.set(tilePath(bundle), encodeEntryBundle(this.entries.slice(firstIndex, firstIndex + count)));
    }
    return files;
  }

  proof(index: number): string {
    const extra = this.entries[index] as Buffer;
    return formatProof({ extra, index, path: this.#path(index), checkpoint: this.note() });
  }

  /** JSON lines as audit's export writes them. */
  exported(indices: readonly number[] = [...this.entries.keys()]): string[] {
    return [
      JSON.stringify({ checkpoint: this.note(), origin, size: this.size }),
      ...indices.map((index) => {
        const path = this.#path(index).map((hash) => hash.toString('base64'));
        return `{"event":${this.entries[index]?.toString()},"index":${index},"path":${JSON.stringify(path)}}`;
      }),
      JSON.stringify({ events: indices.length }),
    ];
  }

  async writeTo(folder: string): Promise<void> {
    for (const [path, bytes] of this.tiles()) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    await writeFile(join(folder, 'checkpoint'), this.note());
  }

  #hash(level: number, index: number): Buffer {
    return this.#hashes.get(nodeKey({ level, index })) as Buffer;
  }

  #path(index: number): Buffer[] {
    return inclusionProof(index, this.size, ({ level, index: at }) => this.#hash(level, at));
  }
}

export const smallLog = (size: number, signers?: SmallLog['signers']): SmallLog =>
  new SmallLog(
    Array.from({ length: size }, (_, index) => entryAt(index)),
    signers,
  );

/** A log over HTTP; what it answers can be changed between two questions. */
export class LogServer {
  readonly files = new Map<string, Buffer | string>();
  /** What entries ask for; every path that was asked for, and with which token. */
  token: string | undefined;
  readonly asked: { readonly path: string; readonly token: string | undefined }[] = [];
  status = 200;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '').slice(1);
      const token = request.headers.authorization?.replace(/^Bearer /, '');
      this.asked.push({ path, token });
      const body = this.files.get(path);
      const isClosed = path.startsWith('tile/entries/') && this.token !== undefined && token !== this.token;
      const status = isClosed ? 401 : this.status !== 200 ? this.status : body === undefined ? 404 : 200;
      response.writeHead(status);
      response.end(status === 200 ? body : '{}');
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on it shows this log; tiles of the one before stay, as static files do. */
  show(log: SmallLog): void {
    for (const [path, bytes] of log.tiles()) this.files.set(path, bytes);
    this.files.set('checkpoint', log.note());
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
