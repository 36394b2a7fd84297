export { repositoryFiles, root, sourceFiles } from './source-files.js';
export { breaches, type TextBan, textBans } from './text-bans.js';
