import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../start-lethe.js';

const page = readFileSync(join(repositoryRoot, 'docs', 'runbooks', 'audit-siem.md'), 'utf8');

export interface Recipe {
  /** The words before it, which say what it is for. */
  readonly title: string;
  readonly text: string;
}

const blocksOf = (heading: string, language: string): Recipe[] => {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`([^\\n]*)\\n\\n\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, title = '', text = '']) => ({ title, text }),
  );
};

/** The commands of docs/runbooks/audit-siem.md, as whoever follows the page would copy them. */
export const kcatRecipes = (): Recipe[] => blocksOf('kcat', 'sh');

/** The two files of a consumer of one's own. */
export const consumerFiles = (): { mapping: string; consumer: string } => {
  const [mapping, consumer] = blocksOf('A consumer of your own', 'js');
  return { mapping: mapping?.text ?? '', consumer: consumer?.text ?? '' };
};
