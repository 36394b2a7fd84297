/** The longest start of a UTF-8 text that is at most so many bytes and ends on a character border; a view, no copy. */
export function truncateText(utf8: Buffer, bytesMax: number): Buffer {
  if (utf8.length <= bytesMax) return utf8;
  let end = bytesMax;
  // A character is at most four bytes, so its first byte is at most three before the cut.
  while (end > 0 && end > bytesMax - 3 && isContinuation(utf8[end])) end -= 1;
  return utf8.subarray(0, end);
}

/** As truncateText, for a string and its UTF-8 bytes. Never splits a surrogate pair; lone ones become U+FFFD. */
export function truncateString(text: string, bytesMax: number): string {
  // A UTF-16 unit is at least one byte, so what lies past bytesMax units never survives the cut.
  const utf8 = Buffer.from(text.slice(0, bytesMax + 1), 'utf8');
  const kept = truncateText(utf8, bytesMax).toString('utf8');
  utf8.fill(0);
  return kept;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}
