import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixturesFolder, tellFixturesAbsent } from '../recordings/fixtures-folder.js';
import { type Lethe, startLethe } from '../start-lethe.js';
import { organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { clearLedger } from '../support/ledger.js';
import { ESTIMATE_ERROR_MAX, expectBilledOnce, expectEstimates } from './compare.js';
import { askWithNode, leaveWithNode } from './openai-node.js';
import { pythonWithOpenai, runPython } from './openai-python.js';
import { mtBenchQuestions, type SdkTask, type Served } from './served.js';

const fixtures = fixturesFolder();
if (fixtures === null) tellFixturesAbsent();
const questions = fixtures === null ? ownQuestions() : mtBenchQuestions(fixtures);

/** Without fixtures the suite still runs, on few questions. */
function ownQuestions(): [string, string][] {
  return Array.from({ length: 5 }, (_, n) => [`Question ${n}: why?`, `And question ${n} again: how so?`]);
}

const python = pythonWithOpenai();
if (python === undefined) {
  process.stderr.write(
    '\n*** NO PYTHON: python3 with venv and pip is needed for the Python SDK. Not run. ***\n\n',
  );
  if (process.env.CI === 'true') throw new Error('CI must run the Python SDK');
}
const withPython = (name: string, run: (interpreter: string) => Promise<void>): void => {
  if (python !== undefined) it(name, () => run(python), 300_000);
};

/** Turns of each question, streamed and not, for two models; two tool requests and a structured one. */
const ANSWERS = questions.length * 2 * 2 * 2 + 3;
const LEAVE_AFTER = [3, 10, 25, 40, 60, 90];

describe('the official SDKs', () => {
  let lethe: Lethe;
  let token: string;
  let task: SdkTask;
  const figures: Record<string, unknown> = {};

  beforeAll(async () => {
    lethe = await startLethe();
    const organization = organizationOf(lethe.run, 'open-demo');
    token = organization.adminToken;
    task = {
      baseUrl: `${lethe.run.router}/v1`,
      apiKey: organization.keys.quiet as string,
      questions,
      leaveAfter: LEAVE_AFTER,
    };
  }, 90_000);
  afterAll(async () => {
    await lethe?.stop();
    printFigures('test:sdk', figures);
  });

  const begin = async (): Promise<Date> => {
    await clearLedger(lethe.run);
    return new Date();
  };
  const expectAll = async (
    from: Date,
    answers: readonly Served[],
    models: readonly string[],
  ): Promise<string> => {
    expect(answers).toHaveLength(ANSWERS);
    expect(models).toEqual(expect.arrayContaining(['sim/echo', 'sim/chat', 'sim/tools', 'sim/structured']));
    const sums = await expectBilledOnce({ run: lethe.run, token, from }, answers);
    return `${sums.requests} responses, ${sums.tokensInput}+${sums.tokensOutput} tokens, ${sums.costNanos} nano-dollars, all as in the ledger`;
  };
  const expectLeft = async (from: Date, left: Parameters<typeof expectEstimates>[1]): Promise<string> => {
    expect(left).toHaveLength(LEAVE_AFTER.length);
    const { input, output } = await expectEstimates({ run: lethe.run, token, from }, left);
    const percent = (share: number): string => `${Math.round(share * 100)} %`;
    return (
      `${left.length}, one record each, input within ${percent(input)} and output within ${percent(output)} ` +
      `of the ledger (allowed ${percent(ESTIMATE_ERROR_MAX.input)} and ${percent(ESTIMATE_ERROR_MAX.output)})`
    );
  };

  it('Node: every response is billed exactly once, as the provider’s ledger has it', async () => {
    const from = await begin();
    const { answers, models } = await askWithNode(task);
    figures.node = await expectAll(from, answers, models);
  }, 300_000);

  it('Node: a stream that is left is one record, estimated', async () => {
    const from = await begin();
    figures['node aborted'] = await expectLeft(from, await leaveWithNode(task));
  }, 60_000);

  withPython(
    'Python: every response is billed exactly once, as the provider’s ledger has it',
    async (interpreter) => {
      const from = await begin();
      const { answers, models, version } = runPython(interpreter, task, 'ask');
      figures[`python ${version}`] = await expectAll(from, answers, models);
    },
  );

  withPython('Python: a stream that is left is one record, estimated', async (interpreter) => {
    const from = await begin();
    figures['python aborted'] = await expectLeft(from, runPython(interpreter, task, 'leave').left);
  });
});
