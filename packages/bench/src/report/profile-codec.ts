import { Problem } from '../problem.js';
import { type CpuProfile, checkProfile } from './profile.js';

/** Reads what Node wrote with --cpu-prof. Throws Problem when it is none of that. */
export const decodeProfile = (text: string): CpuProfile => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Problem('This is no profile that Node wrote with --cpu-prof.');
  }
  return checkProfile(parsed);
};
