import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixturesFolder, tellFixturesAbsent } from '../recordings/fixtures-folder.js';
import { type Lethe, startLethe } from '../start-lethe.js';
import { awaitBilled, organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { clearLedger, providerOf } from '../support/ledger.js';
import { ESTIMATE_ERROR_MAX, expectBilledOnce, expectEstimates } from './compare.js';
import { expectedErrors, PROMPT_CANARY } from './expected-errors.js';
import { type Phase, runNode } from './node-program.js';
import { whereThereIsPython } from './python-program.js';
import {
  answersTo,
  type Endpoint,
  mtBenchQuestions,
  type SdkRun,
  type SdkTask,
  type SeenError,
} from './served.js';

const fixtures = fixturesFolder();
if (fixtures === null) tellFixturesAbsent();
const questions = fixtures === null ? ownQuestions() : mtBenchQuestions(fixtures);
/** What one dialect is asked is enough of a variety; the others are asked less. */
const fewQuestions = questions.filter((_, index) => index % 8 === 0);

/** Without fixtures the suite still runs, on few questions. */
function ownQuestions(): [string, string][] {
  return Array.from({ length: 5 }, (_, n) => [`Question ${n}: why?`, `And question ${n} again: how so?`]);
}

type Run = (task: SdkTask, phase: Phase) => Promise<Omit<SdkRun, 'versions'>>;
const languages: [string, Run][] = [['Node', runNode], ...whereThereIsPython()];

const LEAVE_AFTER: Readonly<Partial<Record<Endpoint, readonly number[]>>> = {
  chat_completions: [3, 10, 25, 40, 60, 90],
  completions: [4, 30, 80],
  responses: [4, 30, 80],
  messages: [4, 30, 80],
};
const LEFT = Object.values(LEAVE_AFTER).flat().length;

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
      calls: expectedErrors.map(({ call }) => call),
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
  const percent = (share: number): string => `${Math.round(share * 100)} %`;

  const phases = [
    ['chat', questions, answersTo(questions.length).chat],
    ['endpoints', fewQuestions, answersTo(fewQuestions.length).endpoints],
    ['messages', fewQuestions, answersTo(fewQuestions.length).messages],
  ] as const;

  it('control: the provider’s own errors do quote what was asked', async () => {
    const refusals = expectedErrors.filter(({ call }) => call.parameters.model === 'sim/fault-400');
    const calls = refusals.map(({ call }) => ({
      ...call,
      parameters: { ...call.parameters, model: 'fault-400' },
    }));
    const { errors } = await runNode({ ...task, baseUrl: `${providerOf(lethe.run)}/v1`, calls }, 'fail');
    expect(errors.map(({ text }) => text.includes(PROMPT_CANARY))).toEqual(calls.map(() => true));
  });

  for (const [language, run] of languages) {
    it.each(phases)(
      `${language}, %s: every response is billed exactly once, as the provider’s ledger has it`,
      async (phase, asked, count) => {
        const from = await begin();
        const { answers, models } = await run({ ...task, questions: asked }, phase);
        expect(answers).toHaveLength(count);
        if (phase !== 'endpoints')
          expect(models).toEqual(
            expect.arrayContaining(['sim/echo', 'sim/chat', 'sim/tools', 'sim/structured']),
          );
        const sums = await expectBilledOnce({ run: lethe.run, token, from }, answers);
        figures[`${language} ${phase}`] =
          `${sums.requests} responses, ${sums.tokensInput}+${sums.tokensOutput} tokens, ${sums.costNanos} nano-dollars, all as in the ledger`;
      },
      300_000,
    );

    it(`${language}: a stream that is left is one record, estimated`, async () => {
      const from = await begin();
      const { left } = await run(task, 'leave');
      expect(left).toHaveLength(LEFT);
      for (const [endpoint, error] of await expectEstimates({ run: lethe.run, token, from }, left))
        figures[`${language} ${endpoint} aborted`] =
          `one record each, input within ${percent(error.input)} and output within ${percent(error.output)} of the ledger ` +
          `(allowed ${percent(ESTIMATE_ERROR_MAX.input)} and ${percent(ESTIMATE_ERROR_MAX.output)})`;
    }, 120_000);

    it(`${language}: an error is of the SDK’s class for it, says a closed code, quotes nothing and is one record`, async () => {
      const from = await begin();
      const { errors } = await run(task, 'fail');
      const expected = expectedErrors.map(({ what, classes, status, code, type, param = '' }) => ({
        what,
        classes: expect.arrayContaining([...classes]),
        status,
        code,
        type,
        param,
      }));
      const seen = errors.map(({ requestId: _, text: __, ...error }, index) => ({
        what: expectedErrors[index]?.what,
        ...error,
      }));
      expect(seen).toEqual(expected);
      expect(errors.filter(({ text }) => text.includes(PROMPT_CANARY))).toEqual([]);

      const known = errors.filter(({ status }) => status !== 401);
      const rows = await awaitBilled(lethe.run, token, { from, count: known.length });
      const idOf = ({ requestId }: Pick<SeenError, 'requestId'>): string => requestId;
      expect(rows.map(({ request_id }) => request_id).sort()).toEqual(known.map(idOf).sort());
      expect(
        rows.filter(({ cost_provider_nanos: cost, outcome }) => cost !== '0' || outcome === 'success'),
      ).toEqual([]);
      figures[`${language} errors`] = errors.length;
    }, 120_000);
  }
});
