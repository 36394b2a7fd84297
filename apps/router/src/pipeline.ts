import type { IncomingMessage, ServerResponse } from 'node:http';
import { knownNames } from '@lethe/json-scanner';
import { LetheError } from '@lethe/service-kit';
import type { Admitted, Served } from './admitted.js';
import { authenticate, type Principal } from './auth/authenticate.js';
import { Course } from './course.js';
import { Delivery } from './delivery.js';
import { checkFields } from './dialects/check-fields.js';
import type { Face } from './dialects/face.js';
import type { House } from './house.js';
import type { CallerRequest, CallerResponse } from './http/caller.js';
import { ClientConnection } from './http/client-connection.js';
import { sendError } from './http/error-response.js';
import { readBody, readWholeBody } from './http/read-body.js';
import { relay } from './http/relay.js';
import type { UnroutedCode } from './http/server.js';
import type { RequestBody } from './http/types.js';
import { keepCallerFields } from './insight/caller-fields.js';
import { conclude } from './insight/conclude.js';
import { decideNow } from './insight/decide.js';
import { startCapture } from './insight/start-capture.js';
import { ProviderCall } from './provider-call.js';
import { callWithFallback } from './routing/call-with-fallback.js';
import { readModel } from './routing/read-model.js';
import { resolvePlan } from './routing/resolve-plan.js';
import { readWishes } from './routing/wishes.js';

/** Done once per process, not per request. */
export const servedFace = (face: Face): Served => {
  const fieldNames = Object.keys(face.fields);
  return { face, fieldNames, names: knownNames(fieldNames) };
};

/**
 * The life of a request, top to bottom, whatever its dialect:
 * authenticate → snapshot → decide retention → resolve model → call (policy asked again at each attempt) → relay
 * bytes → meter → decide again (deny wins) → build insight → publish. Errors leave through the same last three.
 */
export const serveRequest = async (
  house: House,
  served: Served,
  incoming: CallerRequest,
  res: CallerResponse,
): Promise<void> => {
  const { endpoint, dialect } = served.face;
  const course = new Course(endpoint, house.policy.version, dialect);
  const client = new ClientConnection(res);
  let body: RequestBody | undefined;
  try {
    const principal = enter(house, course, incoming);
    course.point = 'read_request';
    const reading = readingOf(house, served);
    body = readWholeBody(incoming, reading) ?? (await readBody(incoming, reading));
    const admitted = admit(house, course, { served, principal, body }, incoming.rawHeaders);
    const call = new ProviderCall(house, course, admitted, client);
    const upstream = await callWithFallback(call);
    const answered = call.answeredBy(upstream);
    body.wipe(); // No fallback can follow: what was asked need not stay in memory while the answer streams.
    const delivery = new Delivery(house, course, admitted, client);
    delivery.end(await relay(delivery.of(answered)));
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
  const authenticated = authenticate(incoming, house.policy, course.arrivedAtMs);
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

const enter = (house: House, course: Course, incoming: CallerRequest): Principal => {
  course.point = 'authenticate';
  const authenticated = authenticate(incoming, house.policy, course.arrivedAtMs);
  if (!authenticated.ok) throw new LetheError(authenticated.code);
  course.principal = authenticated.principal;
  if (incoming.rawHeaders.length / 2 > house.settings.headersMax)
    throw new LetheError('caller.headers_too_large');
  if (!house.telemetry.accepting) throw new LetheError('gateway.overloaded');
  return authenticated.principal;
};

const readingOf = (house: House, { names }: Served) => ({
  names,
  limits: house.settings.bodyLimits,
  timer: house.timer,
});

const contentBytesOf = ({ contentFields }: Face, body: RequestBody): number => {
  let contentBytes = 0;
  for (const name of contentFields) {
    const field = body.scan.field(name);
    if (field !== undefined) contentBytes += field.valueEnd - field.valueStart;
  }
  return contentBytes;
};

const keeperOf = ({ keySha256Hex, key: { apiKeyId, orgId, sealingKey } }: Principal) => ({
  keySha256Hex,
  apiKeyId,
  orgId,
  sealingKey,
});

const admit = (
  house: House,
  course: Course,
  { served, principal, body }: Pick<Admitted, 'served' | 'principal' | 'body'>,
  rawHeaders: readonly string[],
): Admitted => {
  const { face } = served;
  course.received(body.bytesTotal, contentBytesOf(face, body));
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
  if (capture !== undefined) course.rawRequest = house.rawRequests?.keep(keeperOf(principal), body);
  return { served, principal, body, rawHeaders, plan, strict, capture };
};
