import * as grpc from '@grpc/grpc-js';
import { audit } from '@lethe/contracts';
import { callMetadata, callUnary, Opaque } from '@lethe/service-kit';

/** How a call was refused. */
export interface Refusal {
  readonly code: grpc.status;
  readonly details: string;
}

/** Calls of one replica's gRPC, as admin-config makes them. */
export interface AppendClient {
  append(request: audit.AppendRequest, deadlineMs?: number): Promise<audit.AppendResponse>;
  /** The same by one stream for all events, which is opened again when it has ended. */
  appendByStream(request: audit.AppendRequest): Promise<audit.AppendResponse>;
  /** Undefined when it was taken. */
  refusalOf(request: audit.AppendRequest): Promise<Refusal | undefined>;
  getProof(eventId: Buffer): Promise<audit.GetProofResponse>;
  /** Organization, time and event of each, as they come. */
  tombstones(): Promise<readonly (readonly string[])[]>;
  close(): void;
}

type Stream = grpc.ClientDuplexStream<audit.AppendRequest, audit.AppendStreamResponse>;
interface Waiting {
  resolve(response: audit.AppendResponse): void;
  reject(): void;
}

/** Gives each event of a stream its answer; all that wait are refused when the stream ends. */
const streamCalls = (open: () => Stream) => {
  let stream: Stream | undefined;
  let waiting = new Map<string, Waiting>();
  const begin = (): Stream => {
    const begun = open();
    const asked = new Map<string, Waiting>();
    waiting = asked;
    begun.on('data', ({ eventId, answer }: audit.AppendStreamResponse) => {
      const id = eventId.toString('hex');
      if (answer?.$case === 'appended') asked.get(id)?.resolve(answer.value);
      else asked.get(id)?.reject();
      asked.delete(id);
    });
    begun.on('error', () => undefined);
    begun.on('status', () => {
      if (stream === begun) stream = undefined;
      for (const { reject } of asked.values()) reject();
      asked.clear();
    });
    return begun;
  };
  const append = (request: audit.AppendRequest): Promise<audit.AppendResponse> =>
    new Promise((resolve, reject) => {
      stream ??= begin();
      waiting.set(request.eventId.toString('hex'), {
        resolve,
        reject: () => reject(new Error('not appended')),
      });
      stream.write(request);
    });
  return { append, end: () => stream?.end() };
};

export const connectAppend = (address: string, credential: string): AppendClient => {
  const client = new audit.AuditClient(address, grpc.credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
  });
  const metadata = callMetadata(new Opaque(credential));
  const byStream = streamCalls(() => client.appendStream(metadata));
  return {
    append: (request, deadlineMs = 5_000) =>
      callUnary(client.append.bind(client), request, metadata, deadlineMs),
    appendByStream: byStream.append,
    refusalOf: (request) =>
      new Promise((resolve) => {
        client.append(request, metadata, { deadline: Date.now() + 5_000 }, (error) =>
          resolve(error ? { code: error.code, details: error.details } : undefined),
        );
      }),
    getProof: (eventId) => callUnary(client.getProof.bind(client), { eventId }, metadata, 5_000),
    tombstones: async () => {
      const found: string[][] = [];
      const stream = client.listTombstones({}, metadata, { deadline: Date.now() + 5_000 });
      for await (const each of stream) {
        const { orgId, enabledAtMs, eventId } = each as audit.Tombstone;
        found.push([orgId.toString('hex'), String(enabledAtMs), eventId.toString('hex')]);
      }
      return found;
    },
    close: () => {
      byStream.end();
      client.close();
    },
  };
};
