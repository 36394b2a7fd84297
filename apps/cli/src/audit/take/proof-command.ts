import type { Subcommand } from '../../operator/subcommands.js';
import { readArguments } from '../../terminal/arguments.js';
import { remark } from '../../terminal/print.js';
import { Problem, usageProblem } from '../../terminal/problem.js';
import { shellQuote } from '../../terminal/shell-quote.js';
import { proofBytesMax } from '../verify/proof-file.js';
import { writeWhole } from '../watch/checkpoint-keeper.js';
import { answerBytes } from './answer-bytes.js';

const command = 'audit proof';

export const proofHelp = `Take the proof that an event is in the audit log: one small file to keep, which carries the event itself, its path and
the signed checkpoint. Anybody who has the log's verifier key can check it, offline and for ever.

Usage: lethe audit proof <event id> [--out <file>] [--url <url>]

  <event id>     "lethe audit tail --json" shows it as id, the management API as event_id.
  --out <file>   Where to; default: standard output. The usual name is <something>.tlog-proof.
  --url <url>    Where audit listens; else LETHE_AUDIT_URL, else the Lethe that runs on LETHE_HOME. With either of the
                 first two, the token comes from LETHE_AUDIT_TOKEN (an admin's or auditor's management token) or
                 LETHE_OPERATOR_TOKEN.

Then: lethe audit verify --proof <file> --key <key>`;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const readProof = async (path: string, url: string | undefined): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of await answerBytes(path, url)) {
    length += chunk.length;
    if (length > proofBytesMax) throw new Problem('The address answers more than a proof.', 'Check the URL.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const proofCommand: Subcommand = async (args) => {
  const { values, positionals } = readArguments(command, args, {
    options: { url: { type: 'string' }, out: { type: 'string' } },
    positionals: ['event id'],
  });
  const [eventId = ''] = positionals;
  if (!uuid.test(eventId)) throw usageProblem('The event id is a UUID.', command);
  const proof = await readProof(`/v1/audit/events/${eventId.toLowerCase()}/proof`, values.url);
  if (values.out === undefined || values.out === '-') process.stdout.write(proof);
  else {
    await writeWhole(values.out, proof);
    remark(
      `Kept. Verify it: lethe audit verify --proof ${shellQuote(values.out)} --key <the log's verifier key>`,
    );
  }
  return 0;
};
