/** Asks again and again until the answer is one; fails after ten seconds. */
export const eventually = async <T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> => {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error('it did not come about within ten seconds');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
