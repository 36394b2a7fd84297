import { denseText, type MemoryNeedle } from '@lethe/leak-prover';

const lineCharacters = 80;
/** Characters that JSON escapes, so that prompts look like prompts to whoever reads them. */
const lineEnd = '"\\\n';

/** A prompt of about so many bytes that is made of the canary from end to end. */
export const promptText = (needle: MemoryNeedle, bytes: number): string => {
  const line = `${denseText(needle, lineCharacters)}${lineEnd}`;
  return line.repeat(Math.max(1, Math.round(bytes / (line.length + lineEnd.length))));
};
