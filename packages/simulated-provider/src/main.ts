import { readConfig } from './config.js';
import { startSimulatedProvider } from './simulated-provider.js';

const say = (stream: NodeJS.WriteStream, line: object): void => {
  stream.write(`${JSON.stringify(line)}\n`);
};

const fail = (line: object): void => {
  say(process.stderr, { ready: false, ...line });
  process.exitCode = 1;
};

/** Only the error's code is told: its text is the system's own. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

const read = readConfig(process.env);
if ('problems' in read) fail({ code: 'config_invalid', problems: read.problems });
else {
  const { config } = read;
  try {
    const provider = await startSimulatedProvider(config);
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      provider.close().finally(() => process.exit(0));
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // A parent that died takes its pipes along: neither a broken stdout nor an ended stdin may leave us behind.
    process.stdout.on('error', stop);
    if (config.launchedByPipe) process.stdin.resume().once('end', stop).once('error', stop);
    say(process.stdout, { ready: true, port: provider.port });
  } catch (error) {
    fail({ code: codeOf(error), port: config.port });
  }
}
