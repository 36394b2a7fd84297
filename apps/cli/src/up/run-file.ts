import { rm } from 'node:fs/promises';
import type { ServiceName } from '@lethe/contracts';
import { makeSigner } from '@lethe/transparency-log';
import type { Home } from './home/home.js';
import { writePrivateFile } from './home/private-file.js';
import type { Secrets } from './home/secrets-codec.js';
import type { Ports } from './services/ports.js';

/** What run.json is made of besides the secrets. */
export interface RunFacts {
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly zdrSlugs: ReadonlySet<string>;
  /** The processes that serve now; of the router each worker. */
  readonly pids: (service: ServiceName) => readonly number[];
}

const host = '127.0.0.1';

/** The fixed face that client programs and tests read. */
export const runJson = ({ ports, secrets, zdrSlugs, pids }: RunFacts): object => ({
  router: `http://${host}:${ports.router}`,
  console: null,
  adminConfig: `http://${host}:${ports.adminConfig}`,
  accounting: `http://${host}:${ports.accounting}`,
  audit: `http://${host}:${ports.audit}`,
  auditVerifierKey: makeSigner(secrets.auditOrigin, Buffer.from(secrets.auditSigningSeed, 'hex')).verifierKey,
  operatorToken: secrets.operatorToken,
  grpc: {
    adminConfig: `${host}:${ports.adminConfigGrpc}`,
    accounting: `${host}:${ports.accountingGrpc}`,
    audit: `${host}:${ports.auditGrpc}`,
  },
  organizations: secrets.organizations.map(({ slug, admin, member, keys }) => ({
    slug,
    zdr: zdrSlugs.has(slug),
    adminToken: admin?.token ?? null,
    memberToken: member?.token ?? null,
    keys: Object.fromEntries(Object.entries(keys).map(([name, { key }]) => [name, key])),
  })),
  processes: {
    router: pids('router'),
    'admin-config': pids('admin-config')[0] ?? 0,
    accounting: pids('accounting')[0] ?? 0,
    audit: pids('audit')[0] ?? 0,
  },
});

/** run.json of a home: absent before `write` and after `end`. Writes happen one after the other. */
export class RunFile {
  readonly #path: string;
  #facts: RunFacts | undefined;
  #ended = false;
  #work: Promise<void> = Promise.resolve();

  constructor(home: Home) {
    this.#path = home.runFile;
  }

  /** Removes what an earlier run has left. */
  async begin(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** Everything is ready. */
  write(facts: RunFacts): Promise<void> {
    this.#facts = facts;
    return this.#enqueue();
  }

  /** A pid or an organization's ZDR has changed. A write that fails (a full disk) leaves the older file. */
  refresh(): void {
    this.#enqueue().catch(() => undefined);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#work.catch(() => undefined);
    await rm(this.#path, { force: true });
  }

  #enqueue(): Promise<void> {
    this.#work = this.#work
      .catch(() => undefined)
      .then(async () => {
        if (this.#facts === undefined || this.#ended) return;
        await writePrivateFile(this.#path, `${JSON.stringify(runJson(this.#facts), null, 2)}\n`);
      });
    return this.#work;
  }
}
