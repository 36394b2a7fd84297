/** Columns that no hash covers and that answers depend on, with what a change of them comes to. */
export const unprotected: Readonly<Record<string, string>> = {};
