/** Where things lie in the engine's memory; assembly/layout.as says the same. Offsets and sizes in bytes. */
export const layout = {
  state: 1024,
  stateBytes: 72,
  stack: 1280,
  nestingMax: 1024,
  events: 2560,
  eventsMax: 1024,
  input: 16_384,
  inputMax: 65_536,
  /** Of the second mode: the word that counts its events, and the table of watched paths. */
  skimEvents: 98_304 + 36,
  table: 98_304 + 1024,
  tableMax: 131_072 - 98_304 - 1024,
} as const;

/** Words of the state that are read here. */
export const word = {
  depth: 0,
  expect: 1,
  within: 2,
  fault: 14,
  faultAt: 15,
  events: 16,
  beyondAscii: 17,
} as const;

export const event = { document: 1, documentEnd: 2, key: 3, keyEnd: 4, valueEnd: 5, value: 16 } as const;

/** What the second mode tells: lower half of the first word; anything below is the position of a path. */
export const skimEvent = { stringEnd: 0xfffe, escapedKey: 0xffff } as const;

/** Kinds of values by the numbers the engine has for them. */
export const kinds = ['string', 'number', 'object', 'array', 'true', 'false', 'null'] as const;
