import type { Command } from '../command.js';
import { readArguments } from '../terminal/arguments.js';
import { confirmed } from '../terminal/ask.js';
import { remark } from '../terminal/print.js';
import { Problem } from '../terminal/problem.js';
import { emptyHome, type Home, homeOf, prepareHome } from './home/home.js';
import { lockHome } from './home/home-lock.js';
import { runLethe } from './run-lethe.js';
import { closeCoreDumps } from './services/core-dumps.js';
import { readUpSettings } from './settings.js';
import { stopSignal } from './stop-signal.js';

const help = `Start all of Lethe on this machine: a Postgres, the four services, a simulated provider and, the first time, two
organizations with keys to try. "npm start" is the same. It runs until Ctrl-C.

Usage: lethe up [--reset [--yes]]

  --reset   Delete everything this Lethe has stored and start afresh, the audit log with its key and its anchors too:
            a new log under a new name begins. Proofs and checkpoints kept elsewhere stay valid. Asks first.
  --yes     Do not ask.

Variables:
  LETHE_HOME        Where everything is stored; default: .lethe in the repository.
  LETHE_PORT_BASE   The router's port, from which all others are counted; default 4000, 0 picks free ones.
                    +2 admin-config, +3 accounting, +4 audit (gRPC: +1000 each), +10 simulated provider,
                    +100 the router's operator port. All listen on 127.0.0.1.
  OPENAI_API_KEY, … Providers whose usual variables are set can be called; each with its *_BASE_URL.
  BILLING_DURABILITY=strict
                    Hold back the last bytes of each answer until its bill is stored.
  ROUTER_WORKERS=N  Serve with N router processes on one port, 1 to 64, for as many cores; default 1.
  LETHE_LEASE_TTL_MS=N
                    How long a router may believe its policy without hearing anew, 500 to 60000 ms; default 10000.
                    Enabling ZDR waits at most a little longer than that for a router that does not answer.
  ZDR_STRICT=1      End the start when the preflight finds a way from the router's memory to a disk.

When all is ready, and not before, LETHE_HOME/run.json says where everything is. A second Lethe on the same machine
needs its own LETHE_HOME and LETHE_PORT_BASE.`;

const reset = async (home: Home, yes: boolean): Promise<void> => {
  if (!yes) {
    if (!process.stdin.isTTY)
      throw new Problem('--reset asks before it deletes, and nobody can answer here.', 'Add --yes.');
    remark(
      `This deletes everything that Lethe has stored in ${home.folder}: organizations, keys, telemetry, payloads, the audit log and what it is anchored by.`,
    );
    if (!(await confirmed('Type "reset" to go on: ', 'reset'))) throw new Problem('Nothing was deleted.');
  }
  await emptyHome(home);
};

const run = async (args: readonly string[]): Promise<number> => {
  const { values } = readArguments('up', args, {
    options: { reset: { type: 'boolean' }, yes: { type: 'boolean' } },
    positionals: [],
  });
  const settings = readUpSettings(process.env);
  const home = homeOf(settings.home);
  closeCoreDumps();
  await prepareHome(home);
  const lock = await lockHome(home);
  try {
    if (values.reset === true) await reset(home, values.yes ?? false);
    const { signal, crashed } = stopSignal();
    remark(`Starting Lethe in ${home.folder}`);
    await runLethe({ home, settings, signal });
    return crashed() ? 1 : 0;
  } finally {
    await lock.release();
  }
};

export const upCommand: Command = { help, run };
