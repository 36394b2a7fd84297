/** The values of the fields in which chat streams carry text, as JSON wrote them. */
const PIECE =
  /"(?:content|reasoning_content|reasoning|refusal|arguments|input|text|data|transcript)"\s*:\s*"((?:[^"\\]|\\.){0,65536})"/g;

/**
 * Text that was kept in the pieces a stream carried it in, put together again, forwards and in reverse order; empty
 * when there are no pieces.
 */
export const joinedPieces = (bytes: Buffer): Buffer[] => {
  if (!bytes.includes('"content"') && !bytes.includes('"arguments"') && !bytes.includes('"text"')) return [];
  const pieces = [...bytes.toString('latin1').matchAll(PIECE)].map(([, piece]) => piece as string);
  if (pieces.length < 2) return [];
  return [pieces.join(''), pieces.reverse().join('')].map((text) => Buffer.from(text, 'latin1'));
};
