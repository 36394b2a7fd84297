import { decodePack, decodeTelemetry, newUuidV7, type Telemetry } from '@lethe/contracts';
import type { ServedEndpoint } from '@lethe/model-catalog';
import { generateTransitKeyPair } from '@lethe/sealed-payload';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import { Course } from '../course.js';
import { chatFace } from '../dialects/openai/chat.js';
import type { House } from '../house.js';
import { decideNow } from '../insight/decide.js';
import { DistinctValues } from '../insight/distinct-values.js';
import { startCapture } from '../insight/start-capture.js';
import type { ResponseReading, UsageReading } from '../meter/types.js';
import { createRouterMetrics } from '../metrics.js';
import type { OrgPolicy, Policy } from '../policy/types.js';
import { PayloadPublisher } from '../publish/payload-publisher.js';
import { TelemetryPublisher } from '../publish/telemetry-publisher.js';
import { ProviderFailedError } from '../routing/call-with-fallback.js';
import { type PlannedAttempt, resolvePlan } from '../routing/resolve-plan.js';
import { chatBodyOf } from '../testing/chat-body.js';
import { openWrites } from '../testing/open-writes.js';
import { policyOf } from '../testing/policy-of.js';
import { readableLog, ScriptedLog } from '../testing/scripted-log.js';

export const canary = 'CANARY-7f1f';
const sealingKey = { transitKeyId: newUuidV7(), publicKey: generateTransitKeyPair().publicKey };
export const usage: UsageReading = {
  tokensInput: 1_000,
  tokensOutput: 500,
  tokensCached: 200,
  tokensCacheWrite: 0,
  tokensReasoning: 100,
};
export const readingOf = (change: Partial<ResponseReading> = {}): ResponseReading => ({
  usage,
  finishReason: 'stop',
  streamError: false,
  endMarkSeen: true,
  contentEvents: 12,
  bodyBytes: 4_000,
  ...change,
});

/** A router's policy that can be tightened while a request runs, its publishers, and what they stored. */
export const houseOf = ({ queueRecordsMax = 100 } = {}) => {
  const account = {
    providerAccountId: 'a',
    provider: 'sim',
    baseUrl: 'http://sim.example.org',
    credential: new Opaque('key'),
    orgId: undefined,
    region: 'local',
  };
  const world = policyOf({ accounts: [account], logging: true, sealingKey });
  let org: OrgPolicy = world.org;
  const policy: Policy = { ...world.policy, organization: () => org };
  const [telemetryLog, payloadLog] = [new ScriptedLog(), new ScriptedLog()];
  const { log, lines } = readableLog();
  const telemetry = new TelemetryPublisher({
    producer: telemetryLog,
    log,
    queueRecordsMax,
    queueBytesMax: 1e6,
    lingerMs: 0,
  });
  const payload = new PayloadPublisher({
    producer: payloadLog,
    log,
    writes: openWrites(),
    queueRecordsMax: 10,
    queueBytesMax: 1e6,
  });
  const metrics = createRouterMetrics({ policy, telemetry, payload });
  const house: House = {
    policy,
    telemetry,
    payload,
    metrics,
    log,
    client: { send: () => Promise.reject(new Error('unused')), close: () => undefined },
    distinct: new DistinctValues(),
    timer: new CoarseTimer(),
    settings: { deploymentRegion: 'here' } as House['settings'],
  };
  /** What was stored of telemetry, decoded. */
  const stored = async (): Promise<Telemetry[]> => {
    await telemetry.drain(5_000);
    return telemetryLog.stored.flatMap(({ value }) =>
      decodePack(value).map(({ bytes }) => {
        const decoded = decodeTelemetry(bytes ?? Buffer.alloc(0));
        if (!decoded.ok) throw new Error(decoded.reject);
        return decoded.telemetry;
      }),
    );
  };
  const only = async (): Promise<Telemetry> => {
    const all = await stored();
    expect(all).toHaveLength(1);
    return all[0] as Telemetry;
  };
  return {
    house,
    only,
    stored,
    lines,
    payloadLog,
    telemetryLog,
    principal: world.principal,
    enableZdr: () => {
      org = { ...org, zdr: true };
    },
  };
};
export type World = ReturnType<typeof houseOf>;
export const attemptAt = (world: World, model = 'sim/echo'): PlannedAttempt =>
  resolvePlan(model, chatFace, { principal: world.principal, policy: world.house.policy })[0];

/** A request that was admitted and sent to a provider; under a grant with its content captured. */
export const sentCourse = (
  world: World,
  {
    streaming = true,
    model = 'sim/echo',
    byok = false,
    endpoint = 'chat_completions' as ServedEndpoint,
  } = {},
): Course => {
  const course = new Course(endpoint, 1n);
  const body = chatBodyOf(`{"model":"m","messages":[{"role":"user","content":"${canary}"}]}`);
  course.principal = world.principal;
  course.received(body.bytesTotal, 4_000);
  course.streaming = streaming;
  course.admitted = decideNow(course.requestId, world.house.policy, world.principal, false);
  const capture = startCapture({
    requestId: course.requestId,
    decision: course.admitted,
    endpoint,
    body,
    streaming,
    responseBytesMax: 1_000,
    fieldBytesMax: 1_000,
  });
  course.captured = capture?.captured;
  course.attempting({ ...attemptAt(world, model), byok }, 0);
  course.point = 'await_head';
  return course;
};
export const price = (world: World) =>
  attemptAt(world).model.price as NonNullable<PlannedAttempt['model']['price']>;
export const aborted = (stage: 'connect' | 'await_head') =>
  new ProviderFailedError(
    { code: 'caller.aborted', param: null, retriable: false, retryAfterSeconds: undefined },
    stage,
  );
