import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeCertificate } from '@lethe/test-servers';
import { figureFindings } from './figures.js';
import { examineServices, serviceAddresses } from './services.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const face =
  ({ status = 200, metrics = '', aheadMs = 0 } = {}): RequestListener =>
  (request, response) => {
    response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
    response.statusCode = request.url === '/readyz' ? status : 200;
    response.end(request.url === '/metrics' ? metrics : '{}');
  };
const examine = async (url: string) => {
  const { findings } = await examineServices([{ name: 'audit', url }]);
  return findings.map(({ item }) => item);
};
const examineFace = async (given: Parameters<typeof face>[0]) =>
  await examine(`http://127.0.0.1:${await listen(createServer(face(given)))}`);

const sound = `lethe_admin_zdr_guard{service="audit"} 0
lethe_audit_fork_guard{service="audit"} 0
lethe_accounting_consumer_working{topic="a"} 1
lethe_router_gate_open{service="router"} 1
lethe_audit_checkpoint_age_seconds{service="audit"} NaN
lethe_certificate_expiry_timestamp_seconds{certificate="service"} ${Date.now() / 1000 + 86_400 * 100}
`;

describe('the doctor of services', () => {
  it('finds nothing wrong with one that is sound, its clock within a few seconds', async () => {
    for (const aheadMs of [0, 3_000, -3_000])
      expect(await examineFace({ metrics: sound, aheadMs })).toEqual([]);
  });

  it('names one that is not ready, and one whose clock is off, either way', async () => {
    expect(await examineFace({ status: 503 })).toEqual(['service_not_ready']);
    for (const aheadMs of [3_600_000, -3_600_000])
      expect(await examineFace({ aheadMs })).toEqual(['clock_differs']);
  });

  it('names one that is not there, and one that cannot be believed', async () => {
    expect(await examine('http://127.0.0.1:1')).toEqual(['service_unreachable']);
    expect(await examine('http://no-such-host.invalid:1')).toEqual(['service_unreachable']);
    expect(await examine('not a URL')).toEqual(['service_unreachable']);
    const own = makeCertificate({ commonName: 'x', names: ['127.0.0.1'] });
    const port = await listen(createTlsServer({ cert: own.cert, key: own.key }, face()));
    expect(await examine(`https://127.0.0.1:${port}`)).toEqual(['service_untrusted']);
  });

  it('takes several of each from the environment, and says which it was not told', async () => {
    const env = { LETHE_ADMIN_URL: 'http://a:1, http://b:2', LETHE_AUDIT_URL: '' };
    expect(serviceAddresses(env)).toEqual([
      { name: 'admin-config', url: 'http://a:1' },
      { name: 'admin-config', url: 'http://b:2' },
    ]);
    const { looked, unseen } = await examineServices([]);
    expect({ looked, unseen }).toEqual({
      looked: undefined,
      unseen: [expect.stringContaining('LETHE_ROUTER_URL is not set')],
    });
  });
});

describe('the figures of a service', () => {
  it.each([
    ['zdr_guard', 'lethe_admin_zdr_guard 1'],
    ['zdr_pending', 'lethe_admin_zdr_pending 2'],
    ['fork_guard', 'lethe_audit_fork_guard{service="audit"} 1'],
    ['checkpoint_old', 'lethe_audit_checkpoint_age_seconds 9000'],
    ['outbox_old', 'lethe_admin_outbox_age_seconds{destination="audit"} 900'],
    ['outbox_old', 'lethe_accounting_outbox_age_seconds 900'],
    ['outbox_refused', 'lethe_admin_outbox_refused_rows{destination="audit"} 1'],
    ['consumer_stopped', 'lethe_accounting_consumer_working{topic="b"} 0'],
    ['billing_lag', 'lethe_accounting_consumer_lag_seconds{topic="b"} 1e3'],
    ['tripwire', 'lethe_accounting_tripwire_total{code="org_sealed"} 1'],
    ['gate_closed', 'lethe_router_gate_open 0'],
    ['router_buffer', 'lethe_router_telemetry_fill_ratio 0.9'],
    [
      'certificate_ends_soon',
      `lethe_certificate_expiry_timestamp_seconds{certificate="public"} ${Date.now() / 1000 + 86_400 * 3}`,
    ],
  ])('%s: %s', (item, line) => {
    expect(figureFindings(sound, 'x', Date.now())).toEqual([]);
    const page = sound.replace(new RegExp(`^${line.split(/[ {]/)[0]}\\b.*\\n`, 'm'), '');
    expect(figureFindings(`${page}${line}\n`, 'x', Date.now()).map((finding) => finding.item)).toEqual([
      item,
    ]);
  });
});
