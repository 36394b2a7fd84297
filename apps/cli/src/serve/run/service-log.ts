import { createLogger } from '@lethe/service-kit';

/** What the launcher itself says while a service runs: one JSON line an event, as services do. */
export const launcherLog = createLogger('launcher');
