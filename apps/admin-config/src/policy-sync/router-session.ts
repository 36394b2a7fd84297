import type { EventEmitter } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import { isBoundedIdentifier, type policy as wire } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import type { AdminPart, PolicyHub, Subscriber } from './policy-hub.js';

export const policySchemaVersion = 1;

const waitingMax = 64;
const nacksMax = 3;
const silenceMsMax = 60_000;

export type SyncCall = grpc.ServerDuplexStream<wire.RouterMessage, wire.AdminMessage>;

export interface SessionOptions {
  readonly hub: PolicyHub;
  readonly leaseTtlMs: number;
  readonly log: Logger;
  readonly report: (report: wire.Report) => void;
}

const isHello = (hello: wire.Hello): boolean =>
  isBoundedIdentifier(hello.routerId) && hello.bootId.length === 16;

/** One router's stream: says hello once, gets state and deltas in order, renews, acknowledges. */
export class RouterSession implements Subscriber {
  readonly #waiting: AdminPart[] = [];
  #blocked = false;
  #over = false;
  #greeted = false;
  #nacks = 0;
  #silence: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: SyncCall,
    private readonly options: SessionOptions,
  ) {
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
    if (this.#waiting.length >= waitingMax) this.#cut(grpc.status.RESOURCE_EXHAUSTED, 'too slow');
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

  async #receive({ message }: wire.RouterMessage): Promise<void> {
    if (this.#over || message === undefined) return;
    if (message.$case === 'hello') return this.#hello(message.value);
    if (!this.#greeted) return this.#cut(grpc.status.INVALID_ARGUMENT, 'hello comes first');
    switch (message.$case) {
      case 'renew':
        return this.#renew(message.value);
      case 'ack':
        this.#nacks = 0;
        return;
      case 'nack':
        return this.#nack(message.value);
      case 'report':
        return this.options.report(message.value);
      case 'release':
        return this.#finish();
    }
  }

  async #hello(hello: wire.Hello): Promise<void> {
    if (this.#greeted || !isHello(hello))
      return this.#cut(grpc.status.INVALID_ARGUMENT, 'hello is not valid');
    if (hello.schemaVersion !== policySchemaVersion)
      return this.#cut(grpc.status.FAILED_PRECONDITION, 'schema version is not known');
    this.#greeted = true;
    try {
      if (
        !(await this.options.hub.join(this, {
          bootId: hello.bootId.toString('hex'),
          haveVersion: hello.haveVersion,
        }))
      )
        return this.#cut(grpc.status.FAILED_PRECONDITION, 'the router is ahead of the database');
    } catch {
      return this.#cut(grpc.status.UNAVAILABLE, 'the policy cannot be read');
    }
    if (this.#over) this.options.hub.leave(this);
    else this.options.log.info('policy_sync.joined', { router: hello.routerId, have: hello.haveVersion });
  }

  async #renew({ nonce }: wire.Renew): Promise<void> {
    const version = await this.options.hub.versionToGrant().catch(() => undefined);
    if (version === undefined) return;
    this.deliver({ $case: 'grant', value: { nonce, ttlMs: this.options.leaseTtlMs, version } });
  }

  #nack({ version, reason }: wire.Nack): void {
    this.#nacks += 1;
    this.options.log.warn('policy_sync.nack', { version, reason });
    if (this.#nacks > nacksMax) this.#cut(grpc.status.FAILED_PRECONDITION, 'the router keeps refusing');
    else this.options.hub.resend(this);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#cut(grpc.status.DEADLINE_EXCEEDED, 'nothing heard'), silenceMsMax);
    this.#silence.unref();
  }

  #leave(): void {
    this.#over = true;
    this.#waiting.length = 0;
    clearTimeout(this.#silence);
    this.options.hub.leave(this);
  }

  #finish(): void {
    if (this.#over) return;
    this.#leave();
    this.call.end();
  }

  #cut(code: grpc.status, details: string): void {
    if (this.#over) return;
    this.#leave();
    this.options.log.warn('policy_sync.cut', { status: code });
    (this.call as EventEmitter).emit('error', { code, details });
  }
}
