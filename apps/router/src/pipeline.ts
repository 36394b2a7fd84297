import type { IncomingMessage, ServerResponse } from 'node:http';
import { LetheError } from '@lethe/service-kit';
import { authenticate, type Principal } from './auth/authenticate.js';
import { Course } from './course.js';
import type { House } from './house.js';
import { ClientConnection } from './http/client-connection.js';
import { sendError } from './http/error-response.js';
import { readBody } from './http/read-body.js';
import { relay } from './http/relay.js';
import type { UnroutedCode } from './http/server.js';
import { splice } from './http/splice.js';
import { knownNames } from './http/top-level-fields.js';
import type { RequestBody } from './http/types.js';
import { keepCallerFields } from './insight/caller-fields.js';
import { conclude } from './insight/conclude.js';
import { decideNow } from './insight/decide.js';
import { type Capture, startCapture } from './insight/start-capture.js';
import { ResponseMeter } from './meter/usage-reader.js';
import { type ChatField, chatFields } from './providers/openai/chat-fields.js';
import { checkChatFields } from './providers/openai/check-fields.js';
import { classifyRefusal } from './providers/openai/classify-error.js';
import { type PlannedEdits, planEdits } from './providers/openai/request-edits.js';
import type { UpstreamResponse } from './providers/types.js';
import { callWithFallback } from './routing/call-with-fallback.js';
import { readModel } from './routing/read-model.js';
import { type FallbackPlan, resolvePlan } from './routing/resolve-plan.js';
import { readWishes } from './routing/wishes.js';

const names = knownNames(chatFields);

/** A request that may go to a provider. */
interface Admitted {
  readonly principal: Principal;
  readonly body: RequestBody<ChatField>;
  readonly plan: FallbackPlan;
  /** Under organization ZDR, or asked for by the request: nothing may be stored on either side. */
  readonly strict: boolean;
  readonly capture: Capture | undefined;
}

interface Answered {
  readonly upstream: UpstreamResponse;
  readonly removeUsageEvent: boolean;
}

/**
 * The life of a chat completion, top to bottom:
 * authenticate → snapshot → decide retention → resolve model → call (policy asked again at each attempt) → relay
 * bytes → meter → decide again (deny wins) → build insight → publish. Errors leave through the same last three.
 */
export const serveChatCompletion = async (
  house: House,
  incoming: IncomingMessage,
  res: ServerResponse,
): Promise<void> => {
  const course = new Course('chat_completions', house.policy.version);
  const client = new ClientConnection(res);
  let body: RequestBody<ChatField> | undefined;
  try {
    const principal = enter(house, course, incoming);
    body = await read(house, course, incoming);
    const admitted = admit(house, course, principal, body, incoming.rawHeaders);
    const answered = await call(house, course, admitted, client);
    body.wipe(); // No fallback can follow: what was asked need not stay in memory while the answer streams.
    await deliver(house, course, admitted, answered, res);
  } catch (error) {
    const refusal = course.failed(error, client.gone);
    if (refusal.code === 'gateway.internal')
      house.log.error('pipeline.failed', error, { point: course.point });
    sendError(incoming, res, { ...refusal, headers: course.answerHeaders() });
  } finally {
    body?.wipe();
    conclude(house, course);
  }
};

/** A request that no route takes: refused in the same shape and counted like any other. */
export const serveUnrouted = (
  house: House,
  code: UnroutedCode,
  incoming: IncomingMessage,
  res: ServerResponse,
): void => {
  const course = new Course('other', house.policy.version);
  const authenticated = authenticate(incoming.rawHeaders, house.policy, course.arrivedAtMs);
  if (authenticated.ok) course.principal = authenticated.principal;
  course.point = 'route';
  incoming.on('data', (chunk: Buffer) => chunk.fill(0));
  sendError(incoming, res, {
    ...course.failed(new LetheError(code), false),
    headers: course.answerHeaders(),
  });
  conclude(house, course);
};

const enter = (house: House, course: Course, incoming: IncomingMessage): Principal => {
  course.point = 'authenticate';
  const authenticated = authenticate(incoming.rawHeaders, house.policy, course.arrivedAtMs);
  if (!authenticated.ok) throw new LetheError(authenticated.code);
  course.principal = authenticated.principal;
  if (incoming.rawHeaders.length / 2 > house.settings.headersMax)
    throw new LetheError('caller.headers_too_large');
  if (!house.telemetry.accepting) throw new LetheError('gateway.overloaded');
  return authenticated.principal;
};

const read = async (
  house: House,
  course: Course,
  incoming: IncomingMessage,
): Promise<RequestBody<ChatField>> => {
  course.point = 'read_request';
  const body = await readBody(incoming, { names, limits: house.settings.bodyLimits, timer: house.timer });
  const messages = body.scan.field('messages');
  course.received(body.bytesTotal, messages === undefined ? 0 : messages.valueEnd - messages.valueStart);
  return body;
};

const admit = (
  house: House,
  course: Course,
  principal: Principal,
  body: RequestBody<ChatField>,
  rawHeaders: readonly string[],
): Admitted => {
  checkChatFields(body);
  course.streaming = body.scan.field('stream')?.kind === 'true';
  const wishes = readWishes(
    {
      lethe: body.readObject('lethe'),
      requesty: body.readObject('requesty'),
      provider: body.readObject('provider'),
    },
    rawHeaders,
  );
  course.point = 'policy';
  const { org } = principal;
  const strict = (org?.zdr ?? true) || wishes.telemetryOnly;
  course.telemetryOnlyWished = wishes.telemetryOnly;
  course.admitted = decideNow(course.requestId, house.policy, principal, wishes.telemetryOnly);
  if (org !== undefined)
    course.callerFields = keepCallerFields(wishes.caller, { ...org, zdr: strict }, house.distinct);
  course.point = 'resolve_model';
  const plan = resolvePlan(readModel(body), principal, house.policy);
  const capture = startCapture({
    requestId: course.requestId,
    decision: course.admitted,
    body,
    streaming: course.streaming,
    responseBytesMax: house.settings.captureBytesMax,
    fieldBytesMax: house.settings.captureRequestBytesMax,
  });
  course.captured = capture?.captured;
  return { principal, body, plan, strict, capture };
};

const call = async (
  house: House,
  course: Course,
  admitted: Admitted,
  client: ClientConnection,
): Promise<Answered> => {
  const { policy, settings } = house;
  const { body, principal, plan, strict } = admitted;
  let planned: PlannedEdits | undefined;
  const upstream = await callWithFallback({
    client: house.client,
    plan,
    streaming: course.streaming,
    triesPerAccountMax: settings.triesPerAccountMax,
    retryWaitMs: settings.retryWaitMs,
    prepare: (attempt) => {
      // Retries take time in which the key may be revoked or ZDR enabled: ask anew.
      course.point = 'policy';
      const key = policy.apiKey(principal.keySha256Hex);
      if (key === undefined) throw new LetheError('caller.invalid_api_key');
      const zdr = strict || (policy.organization(key.orgId)?.zdr ?? true);
      planned = planEdits({
        body,
        upstreamModel: attempt.upstreamModel,
        streaming: course.streaming,
        zdr,
        accepts: attempt.provider.accepts,
      });
      course.point = 'await_head';
      return splice(body, planned.edits);
    },
    classify: (response) => classifyRefusal(response, settings.providerErrorBytesMax),
    onAttempt: (attempt, fallbackIndex) => course.attempting(attempt, fallbackIndex),
    aborted: () => client.gone,
    onAbort: client.onGone,
  });
  course.answering(upstream.status, planned?.stripped ?? []);
  return { upstream, removeUsageEvent: planned?.removeUsageEvent ?? false };
};

const deliver = async (
  house: House,
  course: Course,
  admitted: Admitted,
  answered: Answered,
  res: ServerResponse,
): Promise<void> => {
  course.point = 'relay';
  const meter = new ResponseMeter(course.streaming);
  /** Strict billing: the last bytes wait until the telemetry of this answer is stored. */
  const beforeEnd = (): Promise<void> =>
    new Promise((stored, lost) => {
      course.ended(meter.read(), 'complete', res.statusCode);
      // Nothing a caller saw completed may go unbilled: without a record the last bytes are not sent.
      if (!conclude(house, course, stored)) lost(new LetheError('gateway.overloaded'));
    });
  const { ended } = await relay({
    ...answered,
    res,
    headers: course.answerHeaders(),
    streaming: course.streaming,
    taps: admitted.capture === undefined ? [meter.tap] : [meter.tap, admitted.capture.tap],
    onFirstByte: () => course.firstByte(),
    ...(house.settings.strictBilling ? { beforeEnd } : {}),
  });
  course.ended(meter.read(), ended, res.headersSent ? res.statusCode : undefined);
  meter.wipe();
};
