import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chown, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type postgres from 'postgres';

/** PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

const sslRequest = Buffer.from('0000000804d2162f', 'hex');

/** The certificate a server shows now; undefined while it has none. */
const shownAt = async (port: number): Promise<Buffer | undefined> => {
  const tcp = connect(port, '127.0.0.1');
  try {
    tcp.write(sslRequest);
    const [answer] = (await once(tcp, 'data')) as [Buffer];
    if (answer.toString() !== 'S') return undefined;
    const tls = connectTls({ socket: tcp, rejectUnauthorized: false });
    await once(tls, 'secureConnect');
    return tls.getPeerCertificate().raw;
  } finally {
    tcp.destroy();
  }
};

interface Server {
  readonly dataDir: string;
  readonly port: number;
  /** Its superuser. */
  readonly sql: postgres.Sql;
}

/** Makes a running server speak TLS with a certificate; resolves when it shows it. Holds for later starts too. */
export const showCertificate = async (
  { dataDir, port, sql }: Server,
  { cert, key }: ServerCertificate,
): Promise<void> => {
  const { uid, gid } = await stat(dataDir);
  for (const [name, text] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    await writeFile(join(dataDir, name), text, { mode: 0o600 });
    await chown(join(dataDir, name), uid, gid);
  }
  await sql`alter system set ssl = on`;
  await sql`select pg_reload_conf()`;
  const { raw } = new X509Certificate(cert);
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await shownAt(port).catch(() => undefined))?.equals(raw)) return;
    await sleep(20);
  }
  throw new Error('Postgres does not show the certificate it was given');
};
