import { nothingAnswers, refusalOf } from '../../operator/api-client.js';
import { findLethe } from '../../operator/find-lethe.js';
import { Problem } from '../../terminal/problem.js';

const headTimeoutMs = 30_000;
const refusalCharsMax = 10_000;

/**
 * Asks audit's REST face for something that is no JSON answer. Resolves to its chunks as they come. Rejects with Problem
 * or CallRefused; so do the chunks when the answer breaks off.
 */
export const answerBytes = async (
  path: string,
  url: string | undefined,
): Promise<AsyncIterable<Uint8Array>> => {
  const lethe = await findLethe('audit', url);
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), headTimeoutMs);
  const response = await fetch(new URL(path, lethe.url), {
    redirect: 'error',
    signal: gone.signal,
    headers: { authorization: `Bearer ${lethe.token}` },
  })
    .catch(() => {
      throw nothingAnswers(lethe.url);
    })
    .finally(() => clearTimeout(timer));
  if (response.status !== 200 || response.body === null) {
    const text = await response.text().catch(() => '');
    throw refusalOf(response.status, text.slice(0, refusalCharsMax));
  }
  return untilItBreaks(response.body);
};

async function* untilItBreaks(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw new Problem('The answer broke off.', 'Try again.');
  }
}
