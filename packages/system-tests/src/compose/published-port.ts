import { Agent, request } from 'node:https';
import type { Deployment } from './deployment.js';

export interface Asked {
  /** The router's id of the request; empty when no head of an answer came. */
  readonly requestId: string;
  readonly status: number;
  /** What the router says that is kept: `none`, `telemetry`, `payload`. */
  readonly retention: string;
  /** Undefined when the answer was cut. */
  readonly body: string | undefined;
}

export interface Client {
  /** One chat completion through the published port; never rejects. */
  ask(apiKey: string, body: object | string): Promise<Asked>;
  close(): void;
}

const patienceMs = 60_000;

/** As client apps do it: over TLS, trusting the deployment's public authority, on connections that are kept. */
export const openClient = async (deployment: Deployment, connectionsMax = 32): Promise<Client> => {
  const ca = await deployment.read('tools/public-ca.crt');
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax, timeout: 2_500, ca });
  return {
    ask: (apiKey, body) =>
      new Promise((resolve) => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const seen = { requestId: '', status: 0, retention: '' };
        const ended = (whole: string | undefined): void => resolve({ ...seen, body: whole });
        const outgoing = request(
          {
            ...{
              host: 'localhost',
              port: deployment.port,
              method: 'POST',
              path: '/v1/chat/completions',
              agent,
            },
            signal: AbortSignal.timeout(patienceMs),
            headers: {
              authorization: `Bearer ${apiKey}`,
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            },
          },
          (answer) => {
            seen.status = answer.statusCode ?? 0;
            seen.requestId = String(answer.headers['x-lethe-request-id'] ?? '');
            seen.retention = String(answer.headers['x-lethe-retention'] ?? '');
            let whole = '';
            answer.setEncoding('utf8').on('data', (piece: string) => {
              whole += piece;
            });
            answer.on('end', () => ended(answer.complete ? whole : undefined));
            answer.on('error', () => ended(undefined));
            answer.on('close', () => ended(undefined));
          },
        );
        outgoing.on('error', () => ended(undefined));
        outgoing.end(text);
      }),
    close: () => agent.destroy(),
  };
};
