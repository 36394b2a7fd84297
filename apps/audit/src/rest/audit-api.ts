import { OpenAPIHono } from '@hono/zod-openapi';
import { type IdentityClient, type Logger, type Registry, withHouseRoutes } from '@lethe/service-kit';
import type { BlankEnv } from 'hono/types';
import { auditEventJsonSchema } from '../append/event-schema.js';
import type { Intake } from '../log/intake.js';
import type { LogReader } from '../log/log-reader.js';
import type { AuditDatabase } from '../store/database.js';
import { addEvents } from './events.js';
import { addExport } from './export.js';
import { addPublicLog } from './public-log.js';
import { createAccessOf } from './reader.js';

import { schemaRoute } from './routes.js';
import { wrongParameter } from './wrong-parameter.js';

interface AuditApiOptions {
  readonly database: AuditDatabase;
  readonly logReader: LogReader;
  readonly intake: Intake;
  /** Of the log's checkpoints. */
  readonly origin: string;
  readonly identity: Pick<IdentityClient, 'authenticate'>;
  readonly operatorTokenSha256: Buffer;
  readonly ready: () => Promise<boolean>;
  readonly registry: Registry;
  readonly log: Logger;
}

/** The REST face: the log as files for verifiers, and its events for those who may read them, by organization. */
export const createAuditApi = (options: AuditApiOptions): OpenAPIHono<BlankEnv> => {
  const { ready, registry, log } = options;
  const api = withHouseRoutes(
    new OpenAPIHono<BlankEnv>({
      defaultHook: (result) => {
        if (!result.success) throw wrongParameter(result.error);
      },
    }),
    { origin: 'audit', log, metrics: registry, ready },
  );
  const accessOf = createAccessOf(options);
  api.openAPIRegistry.registerComponent('securitySchemes', 'managementToken', {
    type: 'http',
    scheme: 'bearer',
  });
  addPublicLog(api, options);
  addEvents(api, { ...options, accessOf });
  addExport(api, { ...options, accessOf });
  const schema = JSON.stringify(auditEventJsonSchema());
  api.openAPIRegistry.registerPath(schemaRoute);
  api.get(schemaRoute.path, (c) => c.body(schema, 200, { 'content-type': 'application/schema+json' }));
  api.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Lethe audit', version: 'v1', description: 'Reading the audit log' },
  });
  return api;
};
