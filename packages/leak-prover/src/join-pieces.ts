/** The values of the fields in which streams of any dialect carry text, as JSON wrote them. */
const PIECE =
  /"(?:content|reasoning_content|reasoning|refusal|arguments|input|text|data|transcript|delta|thinking|partial_json)"\s*:\s*"((?:[^"\\]|\\.){0,65536})"/g;

/** Where none of these is there are no pieces: most bytes need not be made a string. */
const TELLING = ['"content"', '"arguments"', '"text"', '"delta"', '"thinking"', '"partial_json"'];

/**
 * Text that was kept in the pieces a stream carried it in, put together again, forwards and in reverse order; empty
 * when there are no pieces.
 */
export const joinedPieces = (bytes: Buffer): Buffer[] => {
  if (!TELLING.some((name) => bytes.includes(name))) return [];
  const pieces = [...bytes.toString('latin1').matchAll(PIECE)].map(([, piece]) => piece as string);
  if (pieces.length < 2) return [];
  return [pieces.join(''), pieces.reverse().join('')].map((text) => Buffer.from(text, 'latin1'));
};
