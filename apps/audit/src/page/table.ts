/** A Markdown table. Cells are text of ours: no pipe, no line break. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

export const code = (text: string | number): string => `\`${text}\``;
