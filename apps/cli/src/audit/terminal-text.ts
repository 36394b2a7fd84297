/** Text from elsewhere as a terminal may show it: control characters, which could move the cursor, become a sign. */
export const harmless = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
