import { inspect } from 'node:util';

const constant = '[opaque]';

/**
 * Holds content or a secret that nothing may print: string conversion, JSON, inspection and spreading all show a
 * constant. `reveal` is the one way in; a text ban lists the few files that may call it.
 */
export class Opaque<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
    Object.freeze(this);
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return constant;
  }

  toJSON(): string {
    return constant;
  }

  [Symbol.toPrimitive](): string {
    return constant;
  }

  [inspect.custom](): string {
    return constant;
  }
}

/** A credential: an opaque string. */
export type Secret = Opaque<string>;
