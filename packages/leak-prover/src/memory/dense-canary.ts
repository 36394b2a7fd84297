import { randomInt } from 'node:crypto';

/** What is looked for in memory: a unit, alone or over and over. */
export interface MemoryNeedle {
  readonly name: string;
  /** ASCII. */
  readonly unit: string;
  /** A run of the repeated unit counts from this many characters on. */
  readonly runCharactersMin: number;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const unitCharacters = 6;
/** The shortest rest that counts. Any rest of this length holds one whole unit. */
const restCharactersMin = 12;

/** A canary of which every rest of 12 characters is found, wherever it was cut. Planted with `denseText`. */
export const denseCanary = (name: string): MemoryNeedle => {
  let unit = '';
  while (unit.length < unitCharacters) {
    const letter = letters[randomInt(letters.length)] as string;
    if (!unit.includes(letter)) unit += letter;
  }
  return { name, unit, runCharactersMin: restCharactersMin };
};

/** The unit over and over, of this many characters. */
export const denseText = ({ unit }: MemoryNeedle, characters: number): string =>
  unit.repeat(Math.ceil(characters / unit.length)).slice(0, characters);
