import type { EventEmitter } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import { isBoundedIdentifier, type policy as wire } from '@lethe/contracts';
import type { CutCode, NackReason } from '@lethe/policy-sync';
import type { Logger } from '@lethe/service-kit';
import type { PolicyDriver, RouterLink } from './driver.js';
import type { AdminPart } from './policy-feed.js';

export const policySchemaVersion = 1;

const waitingMax = 64;
/** What fits into a column; a router that counts renewals never comes near it. */
const counterMax = 2n ** 63n - 1n;
const silenceMsMax = 60_000;

export type SyncCall = grpc.ServerDuplexStream<wire.RouterMessage, wire.AdminMessage>;

export interface SessionOptions {
  readonly driver: PolicyDriver;
  readonly log: Logger;
  readonly report: (routerId: string, report: wire.Report) => void;
}

const cutStatus: Readonly<Record<CutCode | 'unavailable', readonly [grpc.status, string]>> = {
  hello_first: [grpc.status.INVALID_ARGUMENT, 'hello comes first'],
  hello_twice: [grpc.status.INVALID_ARGUMENT, 'hello is said once'],
  ahead: [grpc.status.FAILED_PRECONDITION, 'the router is ahead of the database'],
  nonce_reused: [grpc.status.FAILED_PRECONDITION, 'the nonce was seen before'],
  keeps_refusing: [grpc.status.FAILED_PRECONDITION, 'the router keeps refusing'],
  too_many: [grpc.status.RESOURCE_EXHAUSTED, 'too many streams'],
  unavailable: [grpc.status.UNAVAILABLE, 'the database did not answer'],
};

// As numbers of the wire; anything else counts as malformed.
const nackReasons: Readonly<Record<number, NackReason>> = { 1: 'gap', 3: 'zdr_regression' };

let sessions = 0;

const isHello = (hello: wire.Hello): boolean =>
  isBoundedIdentifier(hello.routerId) && hello.bootId.length === 16;

/**
 * One router's stream on the wire: what it says becomes events of the driver, what the driver sends goes out in order.
 * It keeps the bounds of the wire; the protocol is the driver's.
 */
export class RouterSession implements RouterLink {
  readonly #streamId: string;
  readonly #waiting: AdminPart[] = [];
  #blocked = false;
  #over = false;
  #hello: wire.Hello | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: SyncCall,
    private readonly options: SessionOptions,
  ) {
    sessions += 1;
    this.#streamId = `${sessions}`;
    options.driver.link(this.#streamId, this);
    const over = () => this.#leave();
    call.on('drain', () => this.#flush());
    call.on('cancelled', over);
    call.on('close', over);
    call.on('end', () => this.#finish());
    call.on('data', (message: wire.RouterMessage) => {
      this.#heard();
      // One message at a time: the next is read when this one is dealt with.
      call.pause();
      this.#receive(message)
        .catch((error) => options.log.error('policy_sync.failed', error))
        .finally(() => call.resume());
    });
    this.#heard();
  }

  /** Queues a message for a slow router, up to a bound; beyond it the router is cut off and must come again. */
  deliver(part: AdminPart): void {
    if (this.#over) return;
    if (!this.#blocked) {
      this.#blocked = !this.call.write({ message: part });
      return;
    }
    if (this.#waiting.length >= waitingMax) this.#end(grpc.status.RESOURCE_EXHAUSTED, 'too slow');
    else this.#waiting.push(part);
  }

  #flush(): void {
    this.#blocked = false;
    while (!this.#blocked && !this.#over) {
      const part = this.#waiting.shift();
      if (part === undefined) return;
      this.#blocked = !this.call.write({ message: part });
    }
  }

  get bootId(): string {
    return this.#hello?.bootId.toString('hex') ?? '';
  }

  get haveVersion(): bigint {
    return this.#hello?.haveVersion ?? 0n;
  }

  cut(code: CutCode | 'unavailable'): void {
    this.#end(...cutStatus[code]);
  }

  async #receive({ message }: wire.RouterMessage): Promise<void> {
    if (this.#over || message === undefined) return;
    const { driver, report } = this.options;
    const streamId = this.#streamId;
    if (message.$case === 'hello') return this.#greet(message.value);
    if (this.#hello === undefined) return this.cut('hello_first');
    switch (message.$case) {
      case 'renew': {
        const { nonce } = message.value;
        if (nonce === 0n || nonce > counterMax) return this.cut('nonce_reused');
        await driver.handle({ type: 'renew', streamId, nonce });
        return;
      }
      case 'ack':
        await driver.handle({ type: 'ack', streamId, version: message.value.version });
        return;
      case 'nack': {
        const { version, reason } = message.value;
        this.options.log.warn('policy_sync.nack', { version, reason });
        await driver.handle({ type: 'nack', streamId, reason: nackReasons[reason] ?? 'malformed' });
        return;
      }
      case 'report':
        return report(this.#hello.routerId, message.value);
      case 'release':
        await driver.handle({ type: 'release', streamId });
        return this.#finish();
    }
  }

  async #greet(hello: wire.Hello): Promise<void> {
    if (!isHello(hello)) return this.#end(grpc.status.INVALID_ARGUMENT, 'hello is not valid');
    if (hello.schemaVersion !== policySchemaVersion)
      return this.#end(grpc.status.FAILED_PRECONDITION, 'schema version is not known');
    this.#hello ??= hello;
    const { routerId, haveVersion } = hello;
    this.options.log.info('policy_sync.joined', { router: routerId, have: haveVersion });
    const bootId = hello.bootId.toString('hex');
    await this.options.driver.handle({
      ...{ type: 'hello', streamId: this.#streamId, routerId, bootId, haveVersion },
    });
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#end(grpc.status.DEADLINE_EXCEEDED, 'nothing heard'), silenceMsMax);
    this.#silence.unref();
  }

  #leave(): void {
    this.#over = true;
    this.#waiting.length = 0;
    clearTimeout(this.#silence);
    this.options.driver.unlink(this.#streamId);
  }

  #finish(): void {
    if (this.#over) return;
    this.#leave();
    this.call.end();
  }

  #end(code: grpc.status, details: string): void {
    if (this.#over) return;
    this.#leave();
    this.options.log.warn('policy_sync.cut', { status: code });
    (this.call as EventEmitter).emit('error', { code, details });
  }
}
