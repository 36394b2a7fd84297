import { readConfig, runService } from '@lethe/service-kit';
import { startAccounting } from './app.js';
import { configSchema } from './config.js';

await runService('accounting', (launch, log) =>
  startAccounting(readConfig(configSchema, launch.first), log, launch),
);
