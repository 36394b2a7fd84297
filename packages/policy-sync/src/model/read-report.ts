export type Verdict =
  | 'no errors'
  | 'assertion violated'
  | 'other error'
  | 'truncated'
  | 'timed out'
  | 'no report';

export interface Finding {
  readonly verdict: Verdict;
  readonly states: number;
  readonly depth: number;
}

const numberAfter = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);

/**
 * What a verifier's report says. An error counts as a violation only if it is a failed assertion: an invalid end
 * state is a fault of the model. A search that was cut short, or that stored nothing, says nothing.
 */
export const readReport = (text: string): Finding => {
  const states = numberAfter(text, /^\s*(\d+) states, stored/m);
  const depth = numberAfter(text, /depth reached (\d+)/);
  const errors = /errors: (\d+)/.exec(text)?.[1];
  const whole = /^Full statespace search for:/m.test(text);
  const cut = /max search depth too small|Search not completed|out of memory|memory exceeded/;
  const verdict = (): Verdict => {
    if (/assertion violated/.test(text)) return 'assertion violated';
    if (errors === undefined || states === 0 || !whole) return 'no report';
    if (cut.test(text)) return 'truncated';
    return errors === '0' ? 'no errors' : 'other error';
  };
  return { verdict: verdict(), states, depth };
};
