import { print, remark } from '../terminal/print.js';

/** Prints what a command made: as JSON, or as text with a remark on standard error. */
export const report = (json: boolean | undefined, result: object, text: string, note?: string): number => {
  print(json === true ? JSON.stringify(result) : text);
  if (json !== true && note !== undefined) remark(note);
  return 0;
};

export const shownOnce = (what: string): string =>
  `Keep the ${what} now: Lethe stores only its SHA-256 and can never show it again.`;
