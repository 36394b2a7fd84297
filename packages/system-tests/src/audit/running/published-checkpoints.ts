import { asSuperuser } from '@lethe/leak-prover';
import { superuserOf } from '../../support/superuser.js';

/** Every checkpoint that a running Lethe has published, in order. */
export const publishedCheckpoints = (home: string): Promise<string[]> =>
  asSuperuser(superuserOf(home), 'event_log', async (sql) => {
    const rows = await sql<{ value: Buffer }[]>`
      select value from event_log.record where topic = 'lethe.audit.checkpoints.v1' order by record_offset`;
    return rows.map(({ value }) => value.toString());
  });
