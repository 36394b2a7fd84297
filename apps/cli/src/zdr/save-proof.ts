import { writeWhole } from '../audit/watch/checkpoint-keeper.js';
import { remark } from '../terminal/print.js';
import { Problem } from '../terminal/problem.js';
import { shellQuote } from '../terminal/shell-quote.js';
import type { ZdrAnswer } from './zdr-answer.js';

/** Writes the proof of the commit to a file, where one is asked for; else says how to get it. */
export const saveProof = async (
  slug: string,
  { state, audit }: ZdrAnswer,
  path: string | undefined,
): Promise<void> => {
  if (path === undefined) {
    if (state !== 'off')
      remark(`Keep its proof outside of Lethe: lethe zdr status ${shellQuote(slug)} --proof <file>`);
    return;
  }
  if (state === 'off') throw new Problem('There is nothing to prove: the organization has no ZDR.');
  if (!audit?.proof)
    throw new Problem(
      'The proof is not there yet: the audit log has not answered.',
      `Ask again: lethe zdr status ${shellQuote(slug)} --proof ${shellQuote(path)}`,
      3,
    );
  await writeWhole(path, Buffer.from(audit.proof));
  remark(
    `Proof kept. Verify it: lethe audit verify --proof ${shellQuote(path)} --key <the log's verifier key>`,
  );
};
