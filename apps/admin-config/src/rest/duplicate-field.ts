/**
 * Finds an object in valid JSON text that has a member twice: JSON.parse would keep the last one silently, and two
 * readers of one body could then disagree. Names are compared as written, with their escapes decoded.
 */
export const hasDuplicateField = (json: string): boolean => {
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const end = stringEnd(json, at);
      const names = open.at(-1);
      if (expectsName && names !== undefined) {
        const name = decodeEscapes(json.slice(at + 1, end));
        if (names.has(name)) return true;
        names.add(name);
        expectsName = false;
      }
      at = end;
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined);
      expectsName = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      expectsName = false;
    } else if (char === ',') {
      expectsName = open.at(-1) !== undefined;
    }
  }
  return false;
};

const stringEnd = (json: string, start: number): number => {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
};

const named: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

const decodeEscapes = (raw: string): string =>
  raw.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_all, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (named[char ?? ''] ?? char ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
