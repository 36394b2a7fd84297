import {
  decodePack,
  decodeSealedPayload,
  decodeTelemetry,
  newUuidV7,
  type Telemetry,
  uuidBytes,
} from '@lethe/contracts';
import {
  decodePayload,
  generateTransitKeyPair,
  openPayload,
  type PayloadDocument,
  unsealContentKey,
} from '@lethe/sealed-payload';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import { facesByPath } from '../dialects/all.js';
import type { House } from '../house.js';
import { createHttpServer } from '../http/server.js';
import { DistinctValues } from '../insight/distinct-values.js';
import { createRouterMetrics } from '../metrics.js';
import { serveModels } from '../models-route.js';
import { servedFace, serveRequest, serveUnrouted } from '../pipeline.js';
import type { Policy } from '../policy/types.js';
import { PayloadPublisher } from '../publish/payload-publisher.js';
import { TelemetryPublisher } from '../publish/telemetry-publisher.js';
import { openWrites } from './open-writes.js';
import { policyOf } from './policy-of.js';
import { readableLog, ScriptedLog } from './scripted-log.js';
import { eventually, ScriptedProvider } from './scripted-provider.js';

const transit = generateTransitKeyPair();
const transitKeyId = newUuidV7();

interface ServingShape {
  readonly zdr?: boolean;
  readonly logging?: boolean;
  /** Of another provider than the scripted one. */
  readonly baseUrl?: string;
}

interface Sent {
  readonly head: string;
  readonly body: string;
}

/** For tests: the whole pipeline of a router behind a real port, with a scripted provider as account of each name. */
export class ServingRouter {
  readonly sent: Sent[] = [];
  readonly logged: string[];
  readonly #stops: (() => unknown)[] = [];
  readonly #telemetryLog = new ScriptedLog();
  readonly #payloadLog = new ScriptedLog();
  readonly #provider: ScriptedProvider;
  readonly #house: House;
  #port = 0;

  private constructor(provider: ScriptedProvider, shape: ServingShape) {
    this.#provider = provider;
    const account = (name: string) => ({
      providerAccountId: name,
      provider: name,
      baseUrl: shape.baseUrl ?? provider.target.origin,
      credential: new Opaque('sk-provider'),
      orgId: undefined,
      region: 'local',
    });
    const { policy: bare, principal } = policyOf({
      ...shape,
      sealingKey: { transitKeyId, publicKey: transit.publicKey },
    });
    const policy: Policy = {
      ...bare,
      apiKey: () => principal.key,
      providerAccounts: (name) => [account(name)],
      providers: () => ['sim', 'openai', 'anthropic', 'gemini'],
    };
    const { log, lines } = readableLog();
    this.logged = lines;
    const telemetry = new TelemetryPublisher({
      producer: this.#telemetryLog,
      log,
      queueRecordsMax: 100,
      queueBytesMax: 1e6,
      lingerMs: 0,
    });
    const payload = new PayloadPublisher({
      producer: this.#payloadLog,
      log,
      writes: openWrites(),
      queueRecordsMax: 10,
      queueBytesMax: 1e7,
    });
    this.#house = {
      policy,
      telemetry,
      payload,
      log,
      client: provider.client(),
      metrics: createRouterMetrics({ policy, telemetry, payload }),
      distinct: new DistinctValues(),
      timer: new CoarseTimer(),
      settings: {
        bodyLimits: {
          bodyBytesMax: 1 << 22,
          nestingMax: 128,
          topLevelFieldsMax: 256,
          uploadMsMax: 5_000,
          uploadIdleMsMax: 5_000,
        },
        headersMax: 100,
        deploymentRegion: 'here',
        strictBilling: false,
        triesPerAccountMax: 1,
        retryWaitMs: 1,
        captureBytesMax: 1 << 20,
        captureRequestBytesMax: 1 << 20,
        providerErrorBytesMax: 4096,
      },
    };
  }

  static async start(shape: ServingShape = {}): Promise<ServingRouter> {
    const provider = await ScriptedProvider.start();
    const router = new ServingRouter(provider, shape);
    const house = router.#house;
    const server = await createHttpServer({
      host: '127.0.0.1',
      port: 0,
      headBytesMax: 32_768,
      routes: {
        posts: new Map(
          [...facesByPath].map(([path, face]) => {
            const served = servedFace(face);
            return [path, (incoming, res) => void serveRequest(house, served, incoming, res)] as const;
          }),
        ),
        models: (incoming, res) => serveModels(house, incoming, res),
        unrouted: (code, incoming, res) => serveUnrouted(house, code, incoming, res),
        broken: () => undefined,
      },
    });
    router.#port = server.port;
    router.#stops.push(
      () => server.close(0),
      () => provider.stop(),
    );
    router.answerWith('{}');
    return router;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** What the provider answers from now on; each request is noted. */
  answerWith(body: string, { status = 200, type = 'application/json' } = {}): void {
    this.#provider.answer = (socket, request) => {
      const [head = '', ...rest] = request.toString().split('\r\n\r\n');
      this.sent.push({ head, body: rest.join('\r\n\r\n') });
      socket.write(
        `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    };
  }

  post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: 'Bearer sk-lethe-test', 'content-type': 'application/json', ...headers },
    });
  }

  /** The telemetry of this many requests, once it is stored. */
  async telemetry(count: number): Promise<Telemetry[]> {
    const all = (): Telemetry[] =>
      this.#telemetryLog.stored.flatMap(({ value }) =>
        decodePack(value).map(({ bytes }) => {
          const decoded = decodeTelemetry(bytes ?? Buffer.alloc(0));
          if (!decoded.ok) throw new Error(decoded.reject);
          return decoded.telemetry;
        }),
      );
    await eventually(() => all().length >= count);
    return all();
  }

  /** This many payloads, once they are stored, opened with the private half that only a test has. */
  async payloads(count: number): Promise<PayloadDocument[]> {
    await eventually(() => this.#payloadLog.stored.length >= count);
    return this.#payloadLog.stored.map(({ value }) => {
      const decoded = decodeSealedPayload(value);
      if (!decoded.ok) throw new Error(decoded.reject);
      const record = decoded.payload;
      const binding = {
        orgId: uuidBytes(record.orgId),
        insightId: uuidBytes(record.insightId),
        kind: 'payload' as const,
        policyVersion: record.policyVersion,
      };
      const key = { transitKeyId: uuidBytes(transitKeyId), privateKey: transit.privateKey };
      const contentKey = unsealContentKey(record.contentKey, key, binding);
      const sealed = { nonce: record.nonce, ciphertext: record.ciphertext };
      return decodePayload(openPayload(sealed, contentKey, { ...binding, transitKeyId: key.transitKeyId }));
    });
  }
}
