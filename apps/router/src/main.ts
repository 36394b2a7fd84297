import cluster from 'node:cluster';
import { runService } from '@lethe/service-kit';
import { startRouter } from './app.js';
import { startPrimary } from './cluster/start-primary.js';
import { startWorker } from './cluster/start-worker.js';
import { readRouterConfig } from './config.js';

await runService('router', (launch, log) => {
  const config = readRouterConfig(launch.first);
  if (cluster.isWorker) return startWorker(config, log, launch);
  return config.workers > 1 ? startPrimary({ config, launch, log }) : startRouter(config, log, { launch });
});
