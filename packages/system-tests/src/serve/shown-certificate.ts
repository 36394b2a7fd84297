import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';

/** SHA-256 of the certificate that a port of 127.0.0.1 shows to a new connection. */
export const shownCertificate = (port: number, caFile: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: readFileSync(caFile) });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
  });

/** The status of a GET over TLS, by a new connection. */
export const statusOf = (port: number, path: string, caFile: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(
      {
        port,
        path,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: readFileSync(caFile),
        agent: false,
        timeout: 5_000,
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
