import { readFileSync } from 'node:fs';
import { waitFor } from '../../wait-for.js';

/**
 * The environment of a router that, once poked (SIGUSR2), stops itself in its next write of payload: the gate of that
 * write has been asked and was open, and no byte has gone to the socket. It is loaded before the program and is no
 * part of it. The topic's name stands in the bytes of the Postgres event log and of Kafka alike.
 */
const program = `
  import { Socket } from 'node:net';
  let armed = false;
  process.on('SIGUSR2', () => { armed = true; });
  const write = Socket.prototype._writeGeneric;
  Socket.prototype._writeGeneric = function (writev, data, encoding, done) {
    const pieces = writev ? data.map(({ chunk }) => Buffer.from(chunk)) : [Buffer.from(data)];
    if (armed && Buffer.concat(pieces).includes('lethe.insight.payload.v1')) {
      armed = false;
      process.kill(process.pid, 'SIGSTOP');
    }
    return write.call(this, writev, data, encoding, done);
  };
`;

export const stoppingAtWrite: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}`,
};

/** Resolves once the process stands still by a signal. */
export const awaitStopped = (pid: number): Promise<true> =>
  waitFor(() => /\) [Tt] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')), 20_000, 5);
