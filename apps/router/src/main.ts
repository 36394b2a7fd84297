import { runService } from '@lethe/service-kit';
import { startRouter } from './app.js';
import { readRouterConfig } from './config.js';

await runService('router', (launch, log) => startRouter(readRouterConfig(launch.first), log));
