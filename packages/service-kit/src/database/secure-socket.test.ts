import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  freePort,
  makeCertificate,
  startTcpProxy,
  startTestPostgres,
  type TcpProxy,
  type TestPostgres,
} from '@lethe/test-servers';
import postgres from 'postgres';
import { GuardedSockets } from '../sockets/guarded-sockets.js';
import { TestAuthority } from '../tls/test-authority.contract.js';
import { type OneConnection, openOneConnection } from './one-connection.js';
import { postgresSocket } from './postgres-socket.js';
import { SecureSocket } from './secure-socket.js';

jest.setTimeout(120_000);

const authority = new TestAuthority();
const tls = { caPem: authority.root.cert };
const named = (names: readonly string[]) =>
  makeCertificate({ commonName: 'postgres', names, issuer: authority.root });
const good = named(['localhost', '127.0.0.1']);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const closeOf = async (socket: SecureSocket): Promise<void> => {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
};

/** Resolves when the condition holds; rejects after a time that is only there to end a test that would hang. */
const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what the test waits for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('Postgres over TLS', () => {
  let server: TestPostgres;
  let port: number;
  const password = () => decodeURIComponent(new URL(server.superuserUrl).password);
  const url = (host: string, at = port): string =>
    `postgres://postgres:${encodeURIComponent(password())}@${host}:${at}/postgres`;

  beforeAll(async () => {
    port = await freePort();
    server = await startTestPostgres({ port });
  });
  afterAll(() => server?.stop());

  const pool = (address: string, caPem = tls.caPem): postgres.Sql => {
    const options = { max: 2, connect_timeout: 5, onnotice: () => undefined, ...postgresSocket({ caPem }) };
    const sql = postgres(address, options);
    closing.push(() => sql.end({ timeout: 1 }));
    return sql;
  };
  const one = (address = url('localhost'), mayWrite?: () => boolean): OneConnection<postgres.Sql> => {
    const connection = openOneConnection({
      applicationName: 'test',
      tls,
      mayWrite,
      refusal: () => new Error('refused'),
      open: (settings) => postgres(address, settings),
    });
    closing.push(() => connection.end());
    return connection;
  };
  const codeOf = (query: Promise<unknown>): Promise<unknown> =>
    query.then(
      () => 'connected',
      (error: { code?: string }) => error.code,
    );
  const isSecure = async (sql: postgres.Sql): Promise<unknown> => {
    const [row] = await sql`select ssl, version from pg_stat_ssl where pid = pg_backend_pid()`;
    return row;
  };

  it('is refused by a server that has none', async () => {
    for (const sql of [pool(url('localhost')), one().sql])
      expect(await codeOf(sql`select 1`)).toBe('CONNECTION_NOT_ENCRYPTED');
    // The control: without an authority the same server answers in plain text.
    const sql = postgres(url('127.0.0.1'), { max: 1, ...postgresSocket(undefined) });
    closing.push(() => sql.end({ timeout: 1 }));
    expect(await isSecure(sql)).toMatchObject({ ssl: false });
  });

  it('is refused where there is a unix socket only', async () => {
    const folder = encodeURIComponent(server.connection({ user: '', password: '', database: '' }).host);
    expect(await codeOf(pool(`postgres://postgres:x@${folder}/postgres`)`select 1`)).not.toBe('connected');
  });

  it('is refused where nobody listens, and tried again with the next query', async () => {
    const free = await freePort();
    const sql = pool(url('localhost', free));
    for (let tries = 0; tries < 5; tries += 1) expect(await codeOf(sql`select 1`)).toBe('ECONNREFUSED');
  });

  it('is spoken with the right certificate, whatever the URL asks for', async () => {
    await server.showCertificate(good);
    for (const address of [url('localhost'), url('127.0.0.1'), `${url('localhost')}?sslmode=disable`]) {
      expect(await isSecure(pool(address))).toEqual({ ssl: true, version: 'TLSv1.3' });
      expect(await isSecure(one(address).sql)).toEqual({ ssl: true, version: 'TLSv1.3' });
    }
  });

  it('carries rows and parameters of any size, and notifications', async () => {
    await server.showCertificate(good);
    const sql = pool(url('localhost'));
    const bytes = Buffer.alloc(3_000_000, 'x');
    const rows = await Promise.all([1, 2, 3].map(() => sql`select ${bytes}::bytea as bytes`));
    for (const [row] of rows) expect(bytes.equals(row?.bytes)).toBe(true);
    const heard = new Promise<string>((resolve) => void sql.listen('news', resolve));
    const tell = setInterval(() => void sql.notify('news', 'told').catch(() => undefined), 50);
    expect(await heard).toBe('told');
    clearInterval(tell);
  });

  it.each<[string, () => { readonly cert: string; readonly key: string }, string]>([
    [
      'of a foreign authority',
      () => new TestAuthority().issue('audit', { names: ['localhost', '127.0.0.1'] }),
      'CONNECTION_UNTRUSTED',
    ],
    [
      'that signed itself',
      () => makeCertificate({ commonName: 'postgres', names: ['localhost', '127.0.0.1'] }),
      'CONNECTION_UNTRUSTED',
    ],
    ['for another host', () => named(['elsewhere.test']), 'CONNECTION_WRONG_HOST'],
    [
      'that has run out',
      () =>
        makeCertificate({
          commonName: 'postgres',
          names: ['localhost', '127.0.0.1'],
          issuer: authority.root,
          validTo: new Date(Date.now() - 3_600_000),
        }),
      'CONNECTION_CERTIFICATE_EXPIRED',
    ],
  ])('is refused with a certificate %s, until the right one is there', async (_what, certificate, code) => {
    await server.showCertificate(certificate());
    const sql = pool(url('localhost'));
    // More often than there are connections: none may be lost to a refusal.
    for (let tries = 0; tries < 5; tries += 1) expect(await codeOf(sql`select 1`)).toBe(code);
    expect(await codeOf(one().sql`select 1`)).toBe(code);
    await server.showCertificate(good);
    expect(await codeOf(sql`select 1`)).toBe('connected');
  });

  it('is not had by a switch of the environment that turns verification off', async () => {
    await server.showCertificate(named(['elsewhere.test']));
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await codeOf(pool(url('localhost'))`select 1`)).toBe('CONNECTION_WRONG_HOST');
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it('outlives a server that dies in the middle of transactions', async () => {
    await server.showCertificate(good);
    const sql = pool(url('localhost'));
    for (let round = 0; round < 5; round += 1) {
      let entered = 0;
      const running = [1, 2].map(() =>
        codeOf(
          sql.begin(async (transaction) => {
            await transaction`select 1`;
            entered += 1;
            await transaction`select pg_sleep(20)`;
          }),
        ),
      );
      await until(() => entered === running.length);
      await server.kill();
      for (const outcome of await Promise.all(running))
        expect(outcome).toMatch(/^(CONNECTION_[A-Z_]+|E[A-Z]+|57P0[1-3])$/);
      await server.restart();
      while ((await codeOf(sql`select 1`)) !== 'connected');
      expect(await Promise.all(Array.from({ length: 20 }, () => sql`select 1 as one`))).toHaveLength(20);
    }
  });

  describe('one connection', () => {
    let proxy: TcpProxy;
    beforeAll(async () => {
      proxy = await startTcpProxy();
      proxy.target(port);
      await server.showCertificate(good);
    });
    afterAll(() => proxy?.stop());

    /** A megabyte that nobody has read yet when the connection is ended. */
    const arrivedAfter = async (
      end: (connection: OneConnection<postgres.Sql>) => void,
    ): Promise<{ sent: number; arrived: number }> => {
      const connection = one(url('localhost', proxy.port));
      await connection.sql`select 1`;
      proxy.holdClients();
      const before = proxy.bytesFromClients();
      const query = codeOf(connection.sql`select ${Buffer.alloc(200_000)}::bytea`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      end(connection);
      await new Promise((resolve) => setTimeout(resolve, 100));
      proxy.releaseClients();
      await query;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { sent: 200_000, arrived: proxy.bytesFromClients() - before };
    };

    it('that is cut takes back what nobody has read', async () => {
      const { sent, arrived } = await arrivedAfter(({ sockets }) => sockets.cut());
      expect(arrived).toBeLessThan(sent / 2);
    });

    it('(control) that is not cut brings all of it', async () => {
      const { sent, arrived } = await arrivedAfter(() => undefined);
      expect(arrived).toBeGreaterThan(sent);
    });

    it('writes nothing once it may not, and never comes back', async () => {
      let allowed = true;
      const connection = one(url('localhost', proxy.port), () => allowed);
      await connection.sql`select 1`;
      const before = proxy.bytesFromClients();
      allowed = false;
      expect(await codeOf(connection.sql`select ${'CANARY'}`)).not.toBe('connected');
      expect(connection.sockets.isCut).toBe(true);
      expect(connection.isOpen()).toBe(false);
      allowed = true;
      expect(await codeOf(connection.sql`select 1`)).not.toBe('connected');
      // An alert of TLS at most.
      expect(proxy.bytesFromClients() - before).toBeLessThan(64);
    });
  });
});

describe('a server that is not what it says', () => {
  const accepted: Socket[] = [];
  let server: Server | undefined;
  afterEach(() => {
    for (const socket of accepted.splice(0)) socket.destroy();
    server?.close();
  });
  const listen = async (serve: (socket: Socket) => void): Promise<number> => {
    server = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const failureAt = async (port: number): Promise<unknown> => {
    const socket = new SecureSocket({ host: 'localhost', port }, tls);
    socket.write('the driver says hello');
    const [error] = (await once(socket, 'error').catch((thrown) => [thrown])) as [{ code: string }];
    await closeOf(socket);
    return error.code;
  };
  /** Speaks TLS of one version after the byte that promises it, as an old server would. */
  const overTls = (options: ConnectionOptions & { cert: string; key: string }) => (socket: Socket) =>
    socket.once('data', () => {
      socket.write('S', () => {
        const secure = new TLSSocket(socket, { isServer: true, ...options });
        secure.on('error', () => undefined);
        secure.on('data', () => secure.end('bye'));
      });
    });

  it.each<[string, (socket: Socket) => void, string]>([
    ['says no', (socket) => socket.write('N'), 'CONNECTION_NOT_ENCRYPTED'],
    ['says more than yes', (socket) => socket.write('SZ'), 'CONNECTION_NOT_ENCRYPTED'],
    ['speaks HTTP', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'CONNECTION_NOT_ENCRYPTED'],
    [
      'says yes and goes on in plain text',
      (socket) =>
        socket.once('data', () =>
          socket.write('S', () => setTimeout(() => socket.write('R'.repeat(64)), 50)),
        ),
      'CONNECTION_TLS_FAILED',
    ],
    [
      'says yes and goes',
      (socket) => socket.once('data', () => socket.write('S', () => setTimeout(() => socket.end(), 50))),
      'CONNECTION_TLS_FAILED',
    ],
    [
      'speaks TLS 1.1',
      overTls({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
      'CONNECTION_TLS_FAILED',
    ],
  ])('%s', async (_what, serve, code) => {
    const heard: Buffer[] = [];
    const port = await listen((socket) => {
      socket.on('data', (bytes: Buffer) => heard.push(bytes));
      serve(socket);
    });
    expect(await failureAt(port)).toBe(code);
    expect(Buffer.concat(heard).toString('latin1')).not.toContain('hello');
  });

  it('(controls) speaks what it should, and can be spoken to as it should not', async () => {
    const port = await listen(overTls(good));
    const socket = new SecureSocket({ host: 'localhost', port }, tls);
    socket.write('hello');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('bye');
    await closeOf(socket);
    server?.close();

    const old = await listen(
      overTls({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    );
    const tcp = connect(old, '127.0.0.1');
    tcp.write('SSLRequest');
    await once(tcp, 'data');
    const secure = connectTls({
      ...{ socket: tcp, servername: 'localhost', ca: tls.caPem },
      ...{ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    });
    await once(secure, 'secureConnect');
    expect(secure.getProtocol()).toBe('TLSv1.1');
    secure.destroy();
  });

  it('can be cut from in any phase', async () => {
    const port = await listen(overTls(good));
    const phases: ((socket: SecureSocket, cut: () => void) => void)[] = [
      (_, cut) => cut(),
      ({ tcp }, cut) => tcp.once('connect', cut),
      ({ tcp }, cut) => tcp.once('data', cut),
      ({ tcp }, cut) => tcp.once('data', () => setImmediate(cut)),
      (socket, cut) => socket.once('connect', cut),
      (socket, cut) =>
        socket.once('connect', () => {
          socket.write(Buffer.alloc(1_000_000));
          cut();
        }),
      (socket, cut) =>
        socket.once('connect', () => {
          socket.end('x');
          cut();
        }),
    ];
    for (const phase of phases) {
      for (let round = 0; round < 10; round += 1) {
        const sockets = new GuardedSockets();
        const socket = new SecureSocket({ host: 'localhost', port }, tls);
        sockets.adopt(socket, socket.tcp);
        let errors = 0;
        socket.on('error', () => {
          errors += 1;
        });
        phase(socket, () => sockets.cut());
        await closeOf(socket);
        expect(errors).toBeGreaterThan(0);
        expect(socket.tcp.destroyed).toBe(true);
      }
    }
  });
});
