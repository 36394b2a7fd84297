// Where things lie in the one memory. Nothing else is ever allocated in it; src/simd/layout.ts says the same.
// STATE and STACK are all that a document carries from one block to the next.
export const STATE: usize = 1024;
export const STACK: usize = 1280;
export const nestingMax: i32 = 1024;
export const EVENTS: usize = 2560;
export const eventsMax: i32 = 1024;
export const INPUT: usize = 16384;
export const inputMax: i32 = 65536;
// Loads of 64 bytes may reach this far behind the input.
export const slack: i32 = 64;

// Words of STATE.
export const sDepth: usize = 0;
export const sExpect: usize = 4;
export const sWithin: usize = 8;
export const sStringIsKey: usize = 12;
export const sStringState: usize = 16;
export const sUnit: usize = 20;
export const sDigits: usize = 24;
export const sHighOpen: usize = 28;
export const sWord: usize = 32;
export const sNumberState: usize = 36;
export const sNumberBytes: usize = 40;
export const sWholeDigits: usize = 44;
export const sExponent: usize = 48;
export const sExponentNegative: usize = 52;
export const sFault: usize = 56;
export const sFaultAt: usize = 60;
export const sEvents: usize = 64;
export const sBeyondAscii: usize = 68;

// Faults.
export const malformed: i32 = 1;
export const notAnObject: i32 = 2;
export const nestingTooDeep: i32 = 3;
export const loneSurrogate: i32 = 4;
export const numberOutOfRange: i32 = 5;
export const escapedFieldName: i32 = 6;

// Events: (what, offset in the block). A value's kind is added to its event.
export const eventDocument: i32 = 1;
export const eventDocumentEnd: i32 = 2;
export const eventKey: i32 = 3;
export const eventKeyEnd: i32 = 4;
export const eventValueEnd: i32 = 5;
export const eventValue: i32 = 16;

// Kinds of values.
export const kindString: i32 = 0;
export const kindNumber: i32 = 1;
export const kindObject: i32 = 2;
export const kindArray: i32 = 3;
export const kindTrue: i32 = 4;
export const kindFalse: i32 = 5;
export const kindNull: i32 = 6;

// Parts of a string.
export const inPlain: i32 = 0;
export const inEscape: i32 = 1;
export const inHex: i32 = 2;
