import { ObjectStoreError, type ObjectStoreErrorCode, type ObjectWriter } from '@lethe/object-store';

type Answer = 'stores' | 'hangs' | ObjectStoreErrorCode;

/** For tests: an object store that does what it is told and notes what it was given, copied at that moment. */
export class ScriptedStore implements ObjectWriter {
  readonly puts: { readonly key: string; readonly body: Buffer }[] = [];
  readonly stored = new Map<string, Buffer>();
  severed = 0;
  readonly #hanging: ((error?: Error) => void)[] = [];

  constructor(public answer: (put: number) => Answer = () => 'stores') {}

  async put(key: string, given: Buffer): Promise<void> {
    const body = Buffer.from(given);
    this.puts.push({ key, body });
    const answer = this.answer(this.puts.length);
    if (answer === 'hangs')
      await new Promise<void>((resolve, reject) => {
        this.#hanging.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    else if (answer !== 'stores') throw new ObjectStoreError(answer);
    this.stored.set(key, body);
  }

  /** Lets the puts that hang go on: to the end, or with an error. */
  settle(error?: Error): void {
    for (const settle of this.#hanging.splice(0)) settle(error);
  }

  sever(): void {
    this.severed += 1;
    this.settle(new ObjectStoreError('severed'));
  }

  async close(): Promise<void> {}
}
