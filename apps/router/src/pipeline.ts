import type { IncomingMessage, ServerResponse } from 'node:http';
import { type KnownNames, knownNames } from '@lethe/json-scanner';
import { LetheError } from '@lethe/service-kit';
import { authenticate, type Principal } from './auth/authenticate.js';
import { Course } from './course.js';
import { checkFields } from './dialects/check-fields.js';
import { classifyRefusal } from './dialects/classify-refusal.js';
import type { Face } from './dialects/face.js';
import { forwardedHeaders } from './dialects/forwarded-headers.js';
import { type PlannedEdits, planEdits } from './dialects/request-edits.js';
import type { House } from './house.js';
import { ClientConnection } from './http/client-connection.js';
import { sendError } from './http/error-response.js';
import { readBody } from './http/read-body.js';
import { relay } from './http/relay.js';
import type { UnroutedCode } from './http/server.js';
import { splice } from './http/splice.js';
import type { RequestBody } from './http/types.js';
import { keepCallerFields } from './insight/caller-fields.js';
import { conclude } from './insight/conclude.js';
import { decideNow } from './insight/decide.js';
import { type Capture, startCapture } from './insight/start-capture.js';
import { ResponseMeter } from './meter/usage-reader.js';
import type { UpstreamResponse } from './providers/types.js';
import { callWithFallback } from './routing/call-with-fallback.js';
import { readModel } from './routing/read-model.js';
import { type FallbackPlan, resolvePlan } from './routing/resolve-plan.js';
import { readWishes } from './routing/wishes.js';

/** A face made ready to serve: once per process, not per request. */
export interface Served {
  readonly face: Face;
  readonly names: KnownNames<string>;
  readonly fieldNames: readonly string[];
}

export const servedFace = (face: Face): Served => {
  const fieldNames = Object.keys(face.fields);
  return { face, fieldNames, names: knownNames(fieldNames) };
};

/** A request that may go to a provider. */
interface Admitted {
  readonly served: Served;
  readonly principal: Principal;
  readonly body: RequestBody;
  readonly rawHeaders: readonly string[];
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
 * The life of a request, top to bottom, whatever its dialect:
 * authenticate → snapshot → decide retention → resolve model → call (policy asked again at each attempt) → relay
 * bytes → meter → decide again (deny wins) → build insight → publish. Errors leave through the same last three.
 */
export const serveRequest = async (
  house: House,
  served: Served,
  incoming: IncomingMessage,
  res: ServerResponse,
): Promise<void> => {
  const { endpoint, dialect } = served.face;
  const course = new Course(endpoint, house.policy.version, dialect);
  const client = new ClientConnection(res);
  let body: RequestBody | undefined;
  try {
    const principal = enter(house, course, incoming);
    body = await read(house, served, course, incoming);
    const admitted = admit(house, course, { served, principal, body }, incoming.rawHeaders);
    const answered = await call(house, course, admitted, client);
    body.wipe(); // No fallback can follow: what was asked need not stay in memory while the answer streams.
    await deliver(house, course, admitted, answered, res);
  } catch (error) {
    const refusal = course.failed(error, client.gone);
    if (refusal.code === 'gateway.internal')
      house.log.error('pipeline.failed', error, { point: course.point });
    sendError(incoming, res, { ...refusal, dialect, headers: course.answerHeaders() });
  } finally {
    body?.wipe();
    conclude(house, course);
  }
};

/** Errors come in the shape of the endpoint that was meant, as far as the path or the head tells. */
const dialectOf = ({ url, headers }: IncomingMessage): Face['dialect'] =>
  url?.startsWith('/v1/messages') === true || headers['anthropic-version'] !== undefined
    ? 'anthropic'
    : 'openai';

/** A request that no route takes: refused in the same shape and counted like any other. */
export const serveUnrouted = (
  house: House,
  code: UnroutedCode,
  incoming: IncomingMessage,
  res: ServerResponse,
): void => {
  const dialect = dialectOf(incoming);
  const course = new Course('other', house.policy.version, dialect);
  const authenticated = authenticate(incoming.rawHeaders, house.policy, course.arrivedAtMs);
  if (authenticated.ok) course.principal = authenticated.principal;
  course.point = 'route';
  incoming.on('data', (chunk: Buffer) => chunk.fill(0));
  sendError(incoming, res, {
    ...course.failed(new LetheError(code), false),
    dialect,
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
  { face, names }: Served,
  course: Course,
  incoming: IncomingMessage,
): Promise<RequestBody> => {
  course.point = 'read_request';
  const body = await readBody(incoming, { names, limits: house.settings.bodyLimits, timer: house.timer });
  let contentBytes = 0;
  for (const name of face.contentFields) {
    const field = body.scan.field(name);
    if (field !== undefined) contentBytes += field.valueEnd - field.valueStart;
  }
  course.received(body.bytesTotal, contentBytes);
  return body;
};

const admit = (
  house: House,
  course: Course,
  { served, principal, body }: Pick<Admitted, 'served' | 'principal' | 'body'>,
  rawHeaders: readonly string[],
): Admitted => {
  const { face } = served;
  checkFields(face, body);
  course.streaming = face.streams && body.scan.field('stream')?.kind === 'true';
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
  const plan = resolvePlan(readModel(body), face, { principal, policy: house.policy });
  const capture = startCapture({
    requestId: course.requestId,
    decision: course.admitted,
    endpoint: face.endpoint,
    body,
    streaming: course.streaming,
    responseBytesMax: house.settings.captureBytesMax,
    fieldBytesMax: house.settings.captureRequestBytesMax,
  });
  course.captured = capture?.captured;
  return { served, principal, body, rawHeaders, plan, strict, capture };
};

const call = async (
  house: House,
  course: Course,
  admitted: Admitted,
  client: ClientConnection,
): Promise<Answered> => {
  const { policy, settings } = house;
  const { body, principal, plan, strict, served } = admitted;
  let planned: PlannedEdits | undefined;
  let dropped: readonly string[] = [];
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
        face: served.face,
        body,
        upstreamModel: attempt.upstreamModel,
        streaming: course.streaming,
        zdr,
        reasons: attempt.model.supports.reasoning,
        accepts: attempt.provider.accepts,
      });
      const forwarded = forwardedHeaders(served.face, admitted.rawHeaders, zdr);
      const { headers } = forwarded;
      dropped = forwarded.dropped;
      course.point = 'await_head';
      const target = headers.length === 0 ? attempt.target : { ...attempt.target, headers };
      return { target, body: splice(body, planned.edits) };
    },
    classify: (response) => classifyRefusal(response, served.fieldNames, settings.providerErrorBytesMax),
    onAttempt: (attempt, fallbackIndex) => course.attempting(attempt, fallbackIndex),
    aborted: () => client.gone,
    onAbort: client.onGone,
  });
  course.answering(upstream.status, [...(planned?.stripped ?? []), ...dropped]);
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
  const meter = new ResponseMeter(admitted.served.face.endpoint, course.streaming);
  /** Strict billing: the last bytes wait until the telemetry of this answer is stored. */
  const beforeEnd = (): Promise<void> =>
    new Promise((stored, lost) => {
      course.ended(meter.read(), 'complete', res.statusCode);
      // Nothing a caller saw completed may go unbilled: without a record the last bytes are not sent.
      if (!conclude(house, course, stored)) lost(new LetheError('gateway.overloaded'));
    });
  const { ended } = await relay({
    upstream: answered.upstream,
    removeUsageEvent: answered.removeUsageEvent,
    endpoint: admitted.served.face.endpoint,
    res,
    headers: course.answerHeaders(),
    streaming: course.streaming,
    taps: admitted.capture === undefined ? [meter.tap] : [meter.tap, admitted.capture.tap],
    onFirstByte: () => course.firstByte(),
    beforeEnd: house.settings.strictBilling ? beforeEnd : undefined,
  });
  course.ended(meter.read(), ended, res.headersSent ? res.statusCode : undefined);
  meter.wipe();
};
