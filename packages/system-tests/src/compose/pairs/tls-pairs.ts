import type { Deployment } from '../deployment.js';
import type { TlsTry } from '../inside/tls-try.js';
import { type Strangers, strangersAs } from './certificates.js';
import type { Said } from './said.js';

const base64 = (...parts: readonly (string | readonly number[])[]): string =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
  ).toString('base64');

/** The first words of each protocol, and how the answer of one that goes on begins, in hex. */
const http2 = {
  says: base64('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [0, 0, 0, 4, 0, 0, 0, 0, 0]),
  goesOn: /^answered .{6}04/,
};
const kafka = {
  says: base64([0, 0, 0, 10], [0, 18], [0, 0], [0, 0, 0, 1], [255, 255]),
  goesOn: /^answered 0000.{4}00000001/,
};
const http = (host: string) => ({
  says: base64(`GET /readyz HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
  // HTTP/1.1 and a status; a server that is spoken to without TLS may say so in HTTP/1.0.
  goesOn: /^answered 485454502f312e31203[2-5]/,
});
const startup = 'user\0lethe_admin\0database\0config\0\0';
const postgres = {
  says: base64([0, 0, 0, startup.length + 8, 0, 3, 0, 0], startup),
  goesOn: /^answered 52/,
};

interface Port {
  readonly host: string;
  readonly port: number;
  readonly words: { readonly says: string; readonly goesOn: RegExp };
  /** Who is let in by certificate; absent: the port asks for none. */
  readonly client?: string;
  readonly authority?: 'public';
}

const ports: readonly Port[] = [
  { host: 'admin-config', port: 5002, words: http2, client: 'router' },
  { host: 'accounting', port: 5003, words: http2, client: 'admin-config' },
  { host: 'audit', port: 5004, words: http2, client: 'accounting' },
  { host: 'kafka', port: 9092, words: kafka, client: 'router' },
  { host: 'admin-config', port: 4002, words: http('admin-config') },
  { host: 'accounting', port: 4003, words: http('accounting') },
  { host: 'audit', port: 4004, words: http('audit') },
  { host: 'router', port: 4100, words: http('router') },
  { host: 'router', port: 4000, words: http('localhost'), authority: 'public' },
  { host: 's3', port: 9000, words: http('s3') },
  { host: 'postgres', port: 5432, words: postgres },
];

/** Not one of these: then nobody was there to refuse. */
const absent = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|SILENT|UNKNOWN|nothing)$/;

const verdictOf = ({ words }: Port, word: string): string => {
  if (words.goesOn.test(word)) return 'let in';
  return absent.test(word) ? word : 'refused';
};

interface Case {
  readonly name: string;
  readonly port: Port;
  readonly task: TlsTry;
  readonly expected: 'let in' | 'refused';
}

const byCertificate = (port: Port, strangers: Strangers, alpn: { alpn?: string }): Case[] => {
  const come = (who: keyof Strangers, expected: Case['expected'] = 'refused'): Case => ({
    name: `${port.host}:${port.port} to ${who}`,
    port,
    task: {
      ...{ host: port.host, port: port.port, says: port.words.says },
      tls: { ...strangers[who], ...alpn },
    },
    expected,
  });
  const strange = ['expired', 'foreign', 'selfMade', 'serverOnly', 'nobody'] as const;
  return [come('fresh', 'let in'), ...strange.map((who) => come(who))];
};

/** Every TLS port: those who must be let in, and whoever comes without the right certificate or in plain text. */
export const tlsPairs = async (deployment: Deployment): Promise<Said> => {
  const [ca, publicCa] = await Promise.all([
    deployment.read('tools/ca.crt'),
    deployment.read('tools/public-ca.crt'),
  ]);
  const cases: Case[] = [];
  for (const port of ports) {
    const { host, port: number, words, client, authority } = port;
    const task = { host, port: number, says: words.says };
    if (client === undefined) {
      const tls = { ca: authority === 'public' ? publicCa : ca };
      // The router's public certificate bears the name that clients use.
      const servername = authority === 'public' ? { servername: 'localhost' } : {};
      cases.push({
        name: `${host}:${number} to anybody by TLS`,
        port,
        task: { ...task, tls: { ...tls, ...servername }, isPostgres: words === postgres },
        expected: 'let in',
      });
    } else {
      cases.push(
        ...byCertificate(port, await strangersAs(deployment, client), words === http2 ? { alpn: 'h2' } : {}),
      );
    }
    cases.push({ name: `${host}:${number} in plain text`, port, task, expected: 'refused' });
  }
  const { tls: said } = await deployment.inside({ tls: cases.map((one) => one.task) });
  return {
    expected: cases.map(({ name, expected }) => `${name}: ${expected}`),
    told: cases.map(({ name, port }, n) => `${name}: ${verdictOf(port, said[n] ?? 'nothing')}`),
  };
};
