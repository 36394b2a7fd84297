import { jest } from '@jest/globals';
import { runCli } from '../../cli.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process; what it printed and how it ended. `env` is set for that time only. */
export const lethe = async (
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> => {
  let [out, err] = ['', ''];
  const before = { ...process.env };
  for (const name of ['LETHE_AUDIT_KEY', 'LETHE_AUDIT_URL', 'LETHE_OPERATOR_TOKEN', 'LETHE_AUDIT_TOKEN'])
    delete process.env[name];
  Object.assign(process.env, { LETHE_HOME: '/nowhere-at-all' }, env);
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    }),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += String(text);
      return true;
    }),
  ];
  try {
    const code = await runCli(argv);
    return { code, out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.env = before;
  }
};
