import type { OpenAPIHono } from '@hono/zod-openapi';
import { LetheError, type Logger } from '@lethe/service-kit';
import { parseTilePath } from '@lethe/transparency-log';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';
import type { LogReader } from '../log/log-reader.js';
import { answerFile } from './cached-file.js';
import { fromStore } from './from-store.js';
import { publicLogPaths } from './public-log-paths.js';
import { isOperator } from './reader.js';

interface PublicLogOptions {
  readonly logReader: LogReader;
  readonly operatorTokenSha256: Buffer;
  readonly log: Logger;
}

const FOR_EVER = 'max-age=31536000, immutable';

/**
 * The log as files of C2SP tlog-tiles, for verifiers that know nothing of Lethe. Checkpoint and hash tiles need no
 * token: they tell how many events there are and nothing of what is in them. Entries hold the events of all
 * organizations, so they are the operator's. No CORS: verifiers are no browsers, and a page that someone happens to
 * visit shall not learn through them what runs in their network.
 */
export const addPublicLog = (
  api: OpenAPIHono<BlankEnv>,
  { logReader, operatorTokenSha256, log }: PublicLogOptions,
): void => {
  for (const path of publicLogPaths) api.openAPIRegistry.registerPath(path);

  api.get('/checkpoint', async (c) => {
    const { note } = await fromStore(logReader.newestCheckpoint(), log);
    return answerFile(c, {
      bytes: Buffer.from(note),
      contentType: 'text/plain; charset=utf-8',
      cacheControl: 'public, max-age=1',
    });
  });

  const tileOf = async (c: Context): Promise<Response> => {
    // As it was sent: an escaped spelling of a path is another path.
    const id = parseTilePath(new URL(c.req.url).pathname.slice(1));
    if (id === undefined) throw new LetheError('caller.not_found');
    const { level, index, width } = id;
    const isEntries = level === 'entries';
    if (isEntries && !isOperator(c, operatorTokenSha256)) throw new LetheError('caller.invalid_token');
    const bytes = await fromStore(
      isEntries ? logReader.entries({ index, width }) : logReader.tile({ level, index, width }),
      log,
    );
    if (bytes === undefined) throw new LetheError('caller.not_found');
    return answerFile(c, {
      bytes,
      contentType: 'application/octet-stream',
      cacheControl: `${isEntries ? 'private' : 'public'}, ${FOR_EVER}`,
    });
  };
  api.get('/tile/*', tileOf);
};
