// Which test files of a run failed without having seen anything wrong: the machine did not let them be carried out.

/**
 * What the machine says then. A failed expectation is never among them: a leak that was seen once is a leak, however
 * often the search finds nothing afterwards.
 */
const signs = [
  ['a port was taken', /\bEADDRINUSE\b|address already in use/],
  ['time ran out', /\bExceeded timeout of \d+ ms\b|\bdid not (?:start|become ready) in time\b/],
  ['a connection was cut', /\bsocket hang up\b|\bECONNRESET\b/],
];
// Without word boundaries: jest colours its words.
const judged = /expect\(|assert/i;

export const reasonNotCarriedOut = (/** @type {import('./not-carried-out.mjs').TestFile} */ file) => {
  const messages = file.assertionResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ failureMessages }) => failureMessages ?? []);
  if (file.status !== 'failed' || messages.length === 0) return undefined;
  const reasons = messages.map((message) =>
    judged.test(message)
      ? undefined
      : signs.find(([, sign]) => /** @type {RegExp} */ (sign).test(message))?.[0],
  );
  return reasons.every((reason) => reason !== undefined) ? /** @type {string} */ (reasons[0]) : undefined;
};
