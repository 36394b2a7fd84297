import { encodeTelemetry, errorCodes, isModelName, type SealedPayloadRecord } from '@lethe/contracts';
import { costNanos } from '@lethe/model-catalog';
import { stricter } from '@lethe/zdr-policy';
import type { Course } from '../course.js';
import type { House } from '../house.js';
import { estimateUsage } from '../meter/estimate.js';
import type { UsageReading } from '../meter/types.js';
import { outgoingPayload } from '../publish/payload-publisher.js';
import { buildInsight, type RequestFacts } from './build-insight.js';
import { decideNow } from './decide.js';

/** Share of the telemetry queue in use above which no payload is taken on. */
const payloadFillMax = 0.25;

const noUsage: UsageReading = {
  tokensInput: 0,
  tokensOutput: 0,
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensReasoning: 0,
};

/** Counting tokens is free, whatever the model, and a count that failed is no less so. */
const costsNothing = ({ endpoint }: Course): boolean => endpoint === 'count_tokens';

/** Usage as the provider said it, or by the stated estimate when it worked but did not say; zero only when no provider worked. */
const meter = (course: Course): Pick<RequestFacts, 'usage' | 'usageSource'> => {
  const { reading } = course;
  if (reading?.usage !== undefined) return { usage: reading.usage, usageSource: 'provider' };
  if ((reading === undefined && !course.cutInFlight) || costsNothing(course))
    return { usage: noUsage, usageSource: 'none' };
  const estimate = estimateUsage({
    contentBytes: course.contentBytes,
    streaming: course.streaming,
    contentEvents: reading?.contentEvents ?? 0,
    bodyBytes: reading?.outputBytes ?? reading?.bodyBytes ?? 0,
    inputReported: reading?.inputReported,
  });
  return { usage: estimate, usageSource: 'estimated' };
};

const priceOf = (course: Course, usage: UsageReading): RequestFacts['cost'] => {
  if (costsNothing(course)) return { priced: true, providerNanos: 0n, routerNanos: 0n };
  const price = course.attempt?.model.price;
  if (price === undefined || price === null)
    return { priced: course.attempt === undefined, providerNanos: 0n, routerNanos: 0n };
  const providerNanos = costNanos(price, usage);
  return { priced: true, providerNanos, routerNanos: course.attempt?.byok === true ? 0n : providerNanos };
};

const factsOf = (course: Course): RequestFacts => {
  const { attempt, reading, failure } = course;
  const { usage, usageSource } = meter(course);
  const latencyMsTotal = course.elapsedMs();
  return {
    insightId: course.requestId,
    occurredAtMs: course.arrivedAtMs,
    dialect: course.dialect,
    endpoint: course.endpoint,
    principal: course.principal,
    callerFields: course.callerFields,
    routed:
      attempt === undefined
        ? undefined
        : {
            modelRequested: attempt.model.id,
            modelUsed: attempt.model.id,
            modelVersion: isModelName(attempt.upstreamModel) ? attempt.upstreamModel : '',
            providerUsed: attempt.provider.id,
            providerRegion: attempt.region,
            byok: attempt.byok,
          },
    streaming: course.streaming,
    attempts: course.attempts,
    fallbackIndex: course.fallbackIndex,
    outcome: failure?.outcome ?? 'success',
    statusCode: course.statusCode,
    finishReason: reading?.finishReason ?? 'unspecified',
    errorType: failure === undefined ? 'unspecified' : errorCodes[failure.code].errorType,
    failurePoint: failure?.point ?? 'unspecified',
    usage,
    usageSource,
    cost: priceOf(course, usage),
    bytesRequest: course.bytesRequest,
    bytesResponse: reading?.bodyBytes ?? 0,
    latencyMsProvider:
      course.attempts === 0
        ? 0
        : Math.max(0, (course.endAfterMs || latencyMsTotal) - course.firstAttemptAfterMs),
    latencyMsTotal,
    timeToFirstTokenMs: course.firstByteAfterMs,
    policyVersion: course.policyVersion,
  };
};

/** With its raw request, where one was kept; without a payload that one is overwritten. */
const sendPayload = (house: House, course: Course, payload: SealedPayloadRecord | undefined): void => {
  const { rawRequest } = course;
  course.rawRequest = undefined;
  if (payload === undefined) rawRequest?.wipe();
  else if (rawRequest === undefined) house.payload.offer(outgoingPayload(payload));
  else rawRequest.follow(payload);
};

/**
 * The one way out of the pipeline, for success and error alike: decide again (deny wins), build the insight,
 * publish it. Runs once a request; `onStored` is called when the telemetry is acknowledged. False: it never will be,
 * because the telemetry was lost or the request was concluded before.
 */
export const conclude = (house: House, course: Course, onStored?: () => void): boolean => {
  if (course.concluded) return false;
  course.concluded = true;
  const { principal, admitted } = course;
  const decision =
    principal === undefined || admitted === undefined
      ? undefined
      : stricter(admitted, decideNow(course.requestId, house.policy, principal, course.telemetryOnlyWished));
  const facts = factsOf(course);
  if (!facts.cost.priced) {
    house.metrics.countUnpriced();
    house.log.warn('model.unpriced', { model: facts.routed?.modelUsed });
  }
  // Payload gives way first: it never competes with telemetry for a log that is behind.
  const roomForPayload = house.telemetry.fill <= payloadFillMax;
  if (!roomForPayload) {
    house.payload.dropAll();
    house.rawRequests?.dropAll();
  }
  const { telemetry, payload } = buildInsight(
    facts,
    decision,
    course.captured,
    house.settings.deploymentRegion,
    roomForPayload,
  );
  course.captured = undefined;
  house.metrics.countRequest(telemetry.outcome);
  const taken = house.telemetry.offer(encodeTelemetry(telemetry), onStored);
  sendPayload(house, course, payload);
  return taken;
};
