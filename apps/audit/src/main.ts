import { runService } from '@lethe/service-kit';
import { startAudit } from './app.js';
import { readAuditConfig } from './config.js';

await runService('audit', (launch, log) => startAudit(readAuditConfig(launch.first), log, launch));
