import { newUuidV7, type OrgId, type Uuid } from '@lethe/contracts';
import {
  createLogger,
  createMetrics,
  LetheError,
  type ManagementPrincipal,
  type ManagementRole,
  tokenSha256,
} from '@lethe/service-kit';
import type { Intake } from '../log/intake.js';
import type { LogReader } from '../log/log-reader.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { startTestLog, type TestLog, testOrigin } from '../testing/running-log.contract.js';
import { createAuditApi } from './audit-api.js';

/** The REST face over a real log, with four people who may ask. */
export interface RestBench {
  readonly database: TestAuditDatabase;
  readonly log: TestLog;
  /** What the REST face said to its logger. */
  readonly said: string[];
  readonly mine: OrgId;
  readonly theirs: OrgId;
  readonly userId: Uuid;
  /** Asks as `mine`, `auditor`, `member` (of mine), `theirs`, `ops`, or as nobody. */
  get(path: string, as?: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  request(path: string, init: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

interface BenchOptions {
  /** Put between the REST face and the log. */
  readonly withReader?: (reader: LogReader) => LogReader;
  readonly withIntake?: (intake: Intake) => Intake;
}

export const startRestBench = async (options: BenchOptions = {}): Promise<RestBench> => {
  const [mine, theirs, userId] = [newUuidV7(), newUuidV7(), newUuidV7()];
  const database = await startAuditDatabase();
  const log = await startTestLog({ url: database.url });
  const said: string[] = [];
  const people: Readonly<Record<string, readonly [ManagementRole, OrgId]>> = {
    'Bearer mine': ['admin', mine],
    'Bearer auditor': ['auditor', mine],
    'Bearer member': ['member', mine],
    'Bearer theirs': ['admin', theirs],
  };
  const authenticate = async (authorization: string | undefined): Promise<ManagementPrincipal> => {
    const person = people[authorization ?? ''];
    if (person === undefined) throw new LetheError('caller.invalid_token');
    const [role, orgId] = person;
    const known = { tokenId: newUuidV7(), userId, orgSlug: 'demo', ownApiKeyIds: [], adminGroupIds: [] };
    return { ...known, role, orgId, personal: { emailDigest: 'e'.repeat(43) } };
  };
  const api = createAuditApi({
    database: log.database,
    logReader: options.withReader?.(log.reader) ?? log.reader,
    intake: options.withIntake?.(log.intake) ?? log.intake,
    origin: testOrigin,
    identity: { authenticate },
    operatorTokenSha256: tokenSha256('ops'),
    ready: log.isReady,
    registry: createMetrics('audit'),
    log: createLogger('audit', (line) => said.push(line)),
  });
  const request = (path: string, init: RequestInit) => Promise.resolve(api.request(path, init));
  return {
    ...{ database, log, said, mine, theirs, userId, request },
    get: (path, as, headers = {}) =>
      request(path, {
        headers: { ...headers, ...(as === undefined ? {} : { authorization: `Bearer ${as}` }) },
      }),
    stop: async () => {
      await log.stop();
      await database.stop();
    },
  };
};
