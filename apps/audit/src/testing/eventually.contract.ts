const POLL_MS = 25;
const PATIENCE_MS = 20_000;

/** Asks again until the answer is one, and gives it; throws when there is none for 20 s. */
export const eventually = async <T>(ask: () => Promise<T | undefined | false>): Promise<T> => {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
