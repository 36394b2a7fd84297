import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { audit } from '@lethe/contracts';
import type { CallOrder } from '../log/intake.js';
import { type AnswerAppend, toMessage } from './answer-append.js';
import type { Refused } from './refusals.js';

/** Events of one call that wait for the log; while there are more, no more are read. */
const OPEN_MAX = 512;
const refusesEvent: ReadonlySet<status> = new Set([status.INVALID_ARGUMENT, status.ALREADY_EXISTS]);

type Call = ServerDuplexStream<audit.AppendRequest, audit.AppendStreamResponse>;

/**
 * Answers each event of a call once it is in the log. Who does not read the answers is not read from. The first failure
 * that is not an event's own ends the call, and with it the way into the log of all that was sent after.
 */
export const serveAppendStream = (call: Call, answerAppend: AnswerAppend): void => {
  const order: CallOrder = { broken: false };
  let open = 0;
  let isEnded = false;
  let isFailed = false;
  let isFull = false;

  const readOrRest = (): void => {
    if (isFull || open >= OPEN_MAX) call.pause();
    else call.resume();
  };
  const fail = ({ code, details }: Refused): void => {
    order.broken = true;
    if (!isFailed) call.emit('error', { code, details });
    isFailed = true;
  };
  const send = (message: audit.AppendStreamResponse): void => {
    if (!isFailed && !call.cancelled && !call.write(message)) isFull = true;
  };
  const answer = async (request: audit.AppendRequest): Promise<void> => {
    const { eventId } = request;
    const answered = await answerAppend(request, order);
    open -= 1;
    if ('placed' in answered)
      send({ eventId, answer: { $case: 'appended', value: toMessage(answered.placed) } });
    else if (refusesEvent.has(answered.refused.code)) {
      const { code, details } = answered.refused;
      send({ eventId, answer: { $case: 'refused', value: { code, details } } });
    } else fail(answered.refused);
    if (isEnded && open === 0 && !isFailed) call.end();
    else readOrRest();
  };

  call.on('data', (request: audit.AppendRequest) => {
    open += 1;
    if (open >= OPEN_MAX) call.pause();
    void answer(request);
  });
  call.on('drain', () => {
    isFull = false;
    readOrRest();
  });
  call.on('end', () => {
    isEnded = true;
    if (open === 0 && !isFailed) call.end();
  });
  // Nobody waits for what is left of it, and nobody would send again what comes after it.
  call.on('cancelled', () => {
    order.broken = true;
  });
  call.on('error', () => {
    order.broken = true;
  });
};
