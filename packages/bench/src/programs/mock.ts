import { freePorts } from '@lethe/test-servers';
import type { AnswerFiles } from '../traffic/answers.js';
import { type Program, startProgram } from './start-program.js';

export const mockModes = ['json', 'burst', 'paced5', 'paced20'] as const;
/** How the mock provider answers: JSON; 100 events at once; one each 5 ms; after 20 ms one each 20 ms. */
export type MockMode = (typeof mockModes)[number];

const argumentOf: Readonly<Record<MockMode, (port: number) => string>> = {
  json: (port) => `json:${port}`,
  burst: (port) => `burst:${port}`,
  paced5: (port) => `paced:${port}:0:5000`,
  paced20: (port) => `paced:${port}:20000:20000`,
};

export interface MockProvider extends Program {
  readonly portOf: Readonly<Record<MockMode, number>>;
}

/** Starts the mock provider with one port for each mode. */
export const startMock = async (
  program: string,
  answers: AnswerFiles,
  core: number,
): Promise<MockProvider> => {
  const [json = 0, burst = 0, paced5 = 0, paced20 = 0] = await freePorts(mockModes.length);
  const portOf = { json, burst, paced5, paced20 };
  const started = await startProgram({
    name: 'the mock provider',
    core,
    file: program,
    args: [answers.json, answers.events, ...mockModes.map((mode) => argumentOf[mode](portOf[mode]))],
    readyWhen: { line: 'ready' },
  });
  return { ...started, portOf };
};
