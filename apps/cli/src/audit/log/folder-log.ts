import { join } from 'node:path';
import { bytesMaxOf, type LogSource, noteBytesMax } from './log-source.js';
import { readBounded } from './read-input.js';

/** A log that lies in a folder as a static server would have it: `checkpoint` and `tile/…`. */
export const openFolderLog = (folder: string): LogSource => ({
  name: folder,
  hasEntries: true,
  checkpoint: () => readBounded(join(folder, 'checkpoint'), noteBytesMax),
  readTile: (path) => readBounded(join(folder, path), bytesMaxOf(path)),
});
