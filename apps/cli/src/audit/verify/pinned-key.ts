import { type VerifyPolicy, verifyCheckpoint } from '@lethe/transparency-log';
import { readRun } from '../../operator/find-lethe.js';
import { usageProblem } from '../../terminal/problem.js';

/** What every command takes that verifies. */
export const keyOptions = {
  key: { type: 'string' },
  witness: { type: 'string', multiple: true },
  quorum: { type: 'string' },
} as const;

export const keyHelp = `  --key <key>      The log's verifier key (name+id+key), as you were given it; else LETHE_AUDIT_KEY, else what the Lethe
                   of this home says of itself. A key that you keep from elsewhere proves more: it is not asked of the
                   party that is being verified.
  --witness <key>  Verifier key of a witness that must have cosigned; may be given several times.
  --quorum <n>     How many of them; default: all.`;

export interface Pinned {
  readonly policy: VerifyPolicy;
  /** Where the key was taken from. */
  readonly from: 'option' | 'variable' | 'home';
}

interface KeyValues {
  readonly key?: string | undefined;
  readonly witness?: readonly string[] | undefined;
  readonly quorum?: string | undefined;
}

/** Whether a policy can be used at all, asked of the verifier itself. */
const isUsable = (policy: VerifyPolicy): boolean => {
  const verdict = verifyCheckpoint('', policy);
  return verdict.ok || verdict.code !== 'policy_invalid';
};

const findKey = async (
  values: KeyValues,
  mayAskHome: boolean,
  env: NodeJS.ProcessEnv,
): Promise<{ key: string; from: Pinned['from'] } | undefined> => {
  if (values.key !== undefined) return { key: values.key, from: 'option' };
  if (env.LETHE_AUDIT_KEY) return { key: env.LETHE_AUDIT_KEY, from: 'variable' };
  const key = mayAskHome ? (await readRun(env))?.auditVerifierKey : undefined;
  return key ? { key, from: 'home' } : undefined;
};

/**
 * What is trusted beforehand, from the command line, the environment or, when the log is not named by address, this
 * home. Throws Problem (exit code 2) when there is no key or one cannot be used.
 */
export const readPinned = async (
  values: KeyValues,
  { command, mayAskHome }: { readonly command: string; readonly mayAskHome: boolean },
  env: NodeJS.ProcessEnv = process.env,
): Promise<Pinned> => {
  const found = await findKey(values, mayAskHome, env);
  if (found === undefined) throw usageProblem('--key is missing: the verifier key of the log.', command);
  const { key, from } = found;
  const witnesses = values.witness ?? [];
  const quorum = values.quorum === undefined ? witnesses.length : Number(values.quorum);
  if (!/^\d{1,3}$/.test(values.quorum ?? '0') || quorum > witnesses.length)
    throw usageProblem('--quorum is a whole number, and not more than there are witnesses.', command);
  if (!isUsable({ logVerifierKey: key }))
    throw usageProblem(
      `${from === 'option' ? '--key' : from === 'variable' ? 'LETHE_AUDIT_KEY' : 'The key in run.json'} is not a log's verifier key.`,
      command,
    );
  const policy: VerifyPolicy = { logVerifierKey: key, witnesses, quorum };
  if (!isUsable(policy))
    throw usageProblem('A --witness is not the verifier key of a witness, or is there twice.', command);
  return { policy, from };
};

/** A line for people: how much the key proves. */
export const keyWords = ({ from, policy }: Pinned): string => {
  const [name = '', id = ''] = policy.logVerifierKey.split('+');
  const where = {
    option: 'given with --key',
    variable: 'given in LETHE_AUDIT_KEY',
    home: 'told by this Lethe itself: a key pinned from elsewhere (--key) proves more',
  };
  return `${name} ${id}, ${where[from]}`;
};
