import type { ErrorCode } from '@lethe/contracts';
import { JsonScanner, type KnownNames } from '@lethe/json-scanner';
import { type CoarseTimer, type Deadline, LetheError } from '@lethe/service-kit';
import { BodyDecoder, contentEncoding } from './body-decoder.js';
import { forgetBodyFault, onBodyFault } from './body-faults.js';
import { BufferedBody } from './buffered-body.js';
import type { CallerRequest } from './caller.js';
import { ChunkList } from './chunk-list.js';
import { rawHeader } from './lean-incoming.js';
import type { BodyLimits, RequestBody } from './types.js';

interface ReadBodyOptions<Name extends string> {
  /** Made once with knownNames(). */
  readonly names: KnownNames<Name>;
  readonly limits: BodyLimits;
  readonly timer: CoarseTimer;
}

/**
 * Reads, decodes and checks a request body. Rejects with a LetheError that names a field where it can. On every path
 * what arrived is overwritten: by wipe() of the body, or here when there will be none.
 */
export const readBody = <Name extends string>(
  incoming: CallerRequest,
  options: ReadBodyOptions<Name>,
): Promise<RequestBody<Name>> =>
  new Promise((resolve, reject) => {
    new BodyRead(incoming, options, resolve, reject).begin();
  });

/**
 * Checks a body that came in one piece with its head: nothing to wait for, or to be late with. Undefined when readBody()
 * has to read it. Throws as that one rejects, and overwrites it then.
 */
export const readWholeBody = <Name extends string>(
  incoming: CallerRequest,
  { names, limits }: ReadBodyOptions<Name>,
): RequestBody<Name> | undefined => {
  if (incoming.takeWhole === undefined) return undefined;
  if (rawHeader(incoming.rawHeaders, 'content-encoding') !== undefined) return undefined;
  const whole = incoming.takeWhole();
  if (whole === undefined) return undefined;
  const scanner = new JsonScanner(names, limits);
  try {
    if (whole.length > limits.bodyBytesMax) throw new LetheError('caller.body_too_large');
    scanner.feed(whole);
    const list = new ChunkList();
    list.append(whole);
    return new BufferedBody(list, scanner.finish());
  } catch (error) {
    whole.fill(0);
    throw error instanceof LetheError ? error : new LetheError('gateway.internal');
  } finally {
    scanner.wipe();
  }
};

class BodyRead<Name extends string> {
  readonly #incoming: CallerRequest;
  readonly #limits: BodyLimits;
  readonly #scanner: JsonScanner<Name>;
  readonly #list = new ChunkList();
  readonly #resolve: (body: RequestBody<Name>) => void;
  readonly #reject: (error: LetheError) => void;
  readonly #timer: CoarseTimer;
  #decoder: BodyDecoder | undefined;
  #deadline: Deadline | undefined;
  #uploadEndMs = 0;
  #bytesReceived = 0;
  #settled = false;

  constructor(
    incoming: CallerRequest,
    options: ReadBodyOptions<Name>,
    resolve: (body: RequestBody<Name>) => void,
    reject: (error: LetheError) => void,
  ) {
    this.#incoming = incoming;
    this.#limits = options.limits;
    this.#scanner = new JsonScanner(options.names, options.limits);
    this.#timer = options.timer;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const incoming = this.#incoming;
    // From here on every chunk is either kept for wipe() or overwritten at once.
    incoming.on('data', (chunk: Buffer) => this.#receive(chunk));
    incoming.on('end', () => this.#receiveEnd());
    // Node raises an error only where somebody listens for it; either way the request closes before its end.
    incoming.on('close', () => {
      if (!incoming.readableEnded) this.#fail('caller.aborted');
    });
    this.#deadline = this.#timer.start(this.#limits.uploadIdleMsMax, () => this.#fail('caller.timeout'));
    this.#uploadEndMs = this.#timer.nowMs + this.#limits.uploadMsMax;
    if (this.#limits.uploadMsMax < this.#limits.uploadIdleMsMax) this.#deadline.postpone(this.#patienceMs());
    onBodyFault(incoming, (code) => this.#fail(code));
    if (incoming.destroyed) this.#fail('caller.aborted');
    else if (Number(rawHeader(incoming.rawHeaders, 'content-length') ?? 0) > this.#limits.bodyBytesMax)
      this.#fail('caller.body_too_large');
    else this.#chooseDecoder(rawHeader(incoming.rawHeaders, 'content-encoding'));
  }

  #chooseDecoder(header: string | undefined): void {
    try {
      const encoding = contentEncoding(header);
      if (encoding === undefined) return;
      this.#decoder = new BodyDecoder(encoding, {
        onData: (chunk) => this.#take(chunk),
        onEnd: () => this.#complete(),
        onError: () => this.#fail('caller.invalid_encoding'),
      });
    } catch (error) {
      this.#failWith(error);
    }
  }

  #patienceMs(): number {
    return Math.max(0, Math.min(this.#limits.uploadIdleMsMax, this.#uploadEndMs - this.#timer.nowMs));
  }

  #receive(chunk: Buffer): void {
    if (this.#settled) {
      chunk.fill(0);
      return;
    }
    this.#deadline?.postpone(this.#patienceMs());
    this.#bytesReceived += chunk.length;
    if (this.#decoder === undefined) {
      this.#take(chunk);
    } else if (this.#bytesReceived > this.#limits.bodyBytesMax) {
      chunk.fill(0);
      this.#fail('caller.body_too_large');
    } else this.#decoder.write(chunk);
  }

  #receiveEnd(): void {
    if (this.#settled) return;
    if (this.#decoder === undefined) this.#complete();
    else this.#decoder.end();
  }

  #take(chunk: Buffer): void {
    if (this.#list.bytesTotal + chunk.length > this.#limits.bodyBytesMax) {
      chunk.fill(0);
      this.#fail('caller.body_too_large');
      return;
    }
    try {
      this.#scanner.feed(chunk);
      this.#list.append(chunk);
    } catch (error) {
      chunk.fill(0);
      this.#failWith(error);
    }
  }

  #complete(): void {
    if (this.#settled) return;
    try {
      const scan = this.#scanner.finish();
      this.#settle();
      this.#resolve(new BufferedBody(this.#list, scan));
    } catch (error) {
      this.#failWith(error);
    }
  }

  #failWith(error: unknown): void {
    if (error instanceof LetheError) this.#fail(error.code, error.param);
    else this.#fail('gateway.internal');
  }

  #fail(code: ErrorCode, param: string | null = null): void {
    if (this.#settled) return;
    this.#settle();
    this.#list.wipe();
    // Whatever else of it arrives is overwritten by #receive.
    this.#reject(new LetheError(code, param));
  }

  #settle(): void {
    this.#settled = true;
    this.#deadline?.stop();
    this.#decoder?.close();
    this.#scanner.wipe();
    forgetBodyFault(this.#incoming);
  }
}
