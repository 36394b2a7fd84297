// Writes docs/audit-events.md from the list of types of events.
import { writeFileSync } from 'node:fs';
import { eventPage } from './event-page.js';

writeFileSync(new URL('../../../../docs/audit-events.md', import.meta.url), eventPage());
