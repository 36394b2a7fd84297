import { readConfig, runService } from '@lethe/service-kit';
import { startAdminConfig } from './app.js';
import { configSchema } from './config.js';

await runService('admin-config', (launch, log) =>
  startAdminConfig(readConfig(configSchema, launch.first), log, launch),
);
