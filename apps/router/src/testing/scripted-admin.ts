import type * as grpc from '@grpc/grpc-js';
import { policy as wire } from '@lethe/contracts';
import { newToken, Opaque, type Secret, serveGrpc, tokenSha256 } from '@lethe/service-kit';

type RouterPart = NonNullable<wire.RouterMessage['message']>;
type ValueOf<C extends RouterPart['$case']> = Extract<RouterPart, { $case: C }>['value'];
type AdminPart = NonNullable<wire.AdminMessage['message']>;
type Call = grpc.ServerDuplexStream<wire.RouterMessage, wire.AdminMessage>;

/** One stream of a router, seen from admin-config. */
export class ScriptedStream {
  readonly received: RouterPart[] = [];
  ended = false;
  /** Answers each renewal with a grant of this many milliseconds under this version; undefined: with nothing. */
  grants: { readonly ttlMs: number; readonly version: bigint } | undefined;
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
    call.on('data', ({ message }: wire.RouterMessage) => {
      if (message === undefined) return;
      this.received.push(message);
      if (message.$case === 'renew' && this.grants !== undefined)
        this.send({ $case: 'grant', value: { nonce: message.value.nonce, ...this.grants } });
    });
    for (const event of ['end', 'cancelled', 'error'])
      call.on(event, () => {
        this.ended = true;
      });
  }

  send(message: AdminPart): void {
    this.#call.write({ message });
  }

  end(): void {
    this.#call.end();
  }

  /** Ends the stream with a gRPC status other than OK. */
  fail(code: grpc.status): void {
    this.#call.emit('error', { code, details: 'CANARY-7f1f' });
  }

  /** What was received of one kind. */
  of<C extends RouterPart['$case']>($case: C): ValueOf<C>[] {
    return this.received.flatMap((part) => (part.$case === $case ? [part.value as ValueOf<C>] : []));
  }
}

export interface ScriptedAdmin {
  readonly port: number;
  readonly address: string;
  readonly credential: Secret;
  readonly streams: ScriptedStream[];
  close(): Promise<void>;
}

const token = newToken('lethe_svc_');

/** For tests: admin-config's side of PolicySync on a real gRPC server, which says what it is told to. */
export const startScriptedAdmin = async (
  onStream: (stream: ScriptedStream) => void = () => undefined,
  port = 0,
): Promise<ScriptedAdmin> => {
  const streams: ScriptedStream[] = [];
  const server = await serveGrpc({
    host: '127.0.0.1',
    port,
    credentials: { router: tokenSha256(token) },
    services: [
      {
        definition: wire.PolicySyncService,
        implementation: {
          sync: (call: Call) => {
            const stream = new ScriptedStream(call);
            streams.push(stream);
            onStream(stream);
          },
          registerTransitKey: () => undefined,
        },
      },
    ],
  });
  return {
    ...server,
    address: `127.0.0.1:${server.port}`,
    credential: new Opaque(token),
    streams,
  };
};
