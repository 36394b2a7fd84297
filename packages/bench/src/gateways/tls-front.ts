import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@lethe/test-servers';
import type { Certificate } from '../programs/certificate.js';
import { type Program, startProgram } from '../programs/start-program.js';
import { debianTool } from './debian-tool.js';
import type { Surroundings } from './gateway.js';

export interface TlsFront extends Program {
  readonly port: number;
}

interface Hop {
  readonly bind: string;
  readonly server: string;
}

const configuration = ({ bind, server }: Hop): string => `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  option http-no-delay
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${bind}
  default_backend out
backend out
  server out 127.0.0.1:${server}
`;

const startFront = async (hop: (port: number) => Hop, surroundings: Surroundings): Promise<TlsFront> => {
  await debianTool('haproxy');
  const port = await freePort();
  const file = join(surroundings.folder, `front-${port}.cfg`);
  writeFileSync(file, configuration(hop(port)), { mode: 0o600 });
  const program = await startProgram({
    name: 'a TLS front',
    core: surroundings.otherCore,
    file: 'haproxy',
    args: ['-db', '-f', file],
    readyWhen: { port },
  });
  return { ...program, port };
};

/** Speaks TLS in the provider's stead, on the other core. */
export const startTlsProvider = (
  providerPort: number,
  certificate: Certificate,
  surroundings: Surroundings,
): Promise<TlsFront> => {
  const pem = join(surroundings.folder, 'front.pem');
  writeFileSync(pem, certificate.certificatePem + certificate.privateKeyPem, { mode: 0o600 });
  return startFront(
    (port) => ({ bind: `${port} ssl crt ${pem} alpn http/1.1`, server: String(providerPort) }),
    surroundings,
  );
};

/** Speaks TLS in the client's stead, on the other core. */
export const startTlsClient = (gatewayPort: number, surroundings: Surroundings): Promise<TlsFront> =>
  startFront(
    (port) => ({ bind: String(port), server: `${gatewayPort} ssl verify none alpn http/1.1` }),
    surroundings,
  );
