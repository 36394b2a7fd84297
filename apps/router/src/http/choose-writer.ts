import type { Logger } from '@lethe/service-kit';
import { PlainCall } from './plain/plain-call.js';
import { PublicWriter, type ResponseWriter, type WriterOptions } from './response-writer.js';
import { SocketWriter } from './socket-writer.js';
import { writesAsNodeDoes } from './writer-self-test.js';

let usesSocket = false;

/** Whether responses are written to their sockets by ourselves; for what has tested that it works. */
export const writeToSockets = (uses: boolean): void => {
  usesSocket = uses;
};

/** Tests, once at start, how responses can be written on this Node, and says so when it is the slower way. */
export const chooseWriter = async (log: Logger): Promise<void> => {
  writeToSockets(await writesAsNodeDoes());
  if (!usesSocket) log.warn('response.written_through_node');
};

/** Starts a response. */
export const createWriter = (options: WriterOptions): ResponseWriter =>
  usesSocket || options.res instanceof PlainCall ? new SocketWriter(options) : new PublicWriter(options);
