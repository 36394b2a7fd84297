import { LetheError } from '@lethe/service-kit';
import type { Admitted, Answered } from './admitted.js';
import type { Course } from './course.js';
import type { House } from './house.js';
import type { ClientConnection } from './http/client-connection.js';
import type { RelayOptions, RelayResult } from './http/relay.js';
import { conclude } from './insight/conclude.js';
import { ResponseMeter } from './meter/usage-reader.js';

/** What happens with an answer on its way to the caller: metered, captured under a grant, and its end told. */
export class Delivery {
  readonly #meter: ResponseMeter;

  constructor(
    private readonly house: House,
    private readonly course: Course,
    private readonly admitted: Admitted,
    private readonly caller: ClientConnection,
  ) {
    course.point = 'relay';
    this.#meter = new ResponseMeter(admitted.served.face.endpoint, course.streaming);
  }

  of({ upstream, removeUsageEvent }: Answered): RelayOptions {
    const { course, house } = this;
    const { served, capture } = this.admitted;
    const { tap } = this.#meter;
    return {
      upstream,
      removeUsageEvent,
      endpoint: served.face.endpoint,
      res: this.caller.res,
      caller: this.caller,
      headers: course.answerHeaders(),
      streaming: course.streaming,
      taps: capture === undefined ? [tap] : [tap, capture.tap],
      onFirstByte: () => course.firstByte(),
      beforeEnd: house.settings.strictBilling ? () => this.#billed() : undefined,
    };
  }

  end({ ended }: RelayResult): void {
    const { res } = this.caller;
    this.course.ended(this.#meter.read(), ended, res.headersSent ? res.statusCode : undefined);
    this.#meter.wipe();
  }

  /** Strict billing: the last bytes wait until the telemetry of this answer is stored. */
  #billed(): Promise<void> {
    return new Promise((stored, lost) => {
      this.course.ended(this.#meter.read(), 'complete', this.caller.res.statusCode);
      // Nothing a caller saw completed may go unbilled: without a record the last bytes are not sent.
      if (!conclude(this.house, this.course, stored)) lost(new LetheError('gateway.overloaded'));
    });
  }
}
