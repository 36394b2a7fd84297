import { createInterface } from 'node:readline';

/** Asks and takes only the word itself for a yes. Resolves to false when the input ends. */
export const confirmed = async (question: string, word: string): Promise<boolean> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise((resolve) => {
      lines.once('close', () => resolve(false));
      lines.once('SIGINT', () => resolve(false));
      lines.question(question, (answer) => resolve(answer.trim() === word));
    });
  } finally {
    lines.close();
  }
};
