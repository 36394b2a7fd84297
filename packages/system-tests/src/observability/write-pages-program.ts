import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logCalls, shippedSources } from './log-calls.js';
import { logPage } from './log-page.js';
import { metricsPage } from './metrics-page.js';

let root = dirname(fileURLToPath(import.meta.url));
while (!existsSync(join(root, 'turbo.json'))) root = dirname(root);
writeFileSync(join(root, 'docs/metrics.md'), metricsPage());
writeFileSync(join(root, 'docs/log-events.md'), logPage(logCalls(shippedSources(root))));
