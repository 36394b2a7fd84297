import type { S3StoreConfig } from '@lethe/object-store';
import type { Anchors } from './anchors.js';
import { openFolderAnchors } from './folder-anchors.js';

export type AnchorsConfig = { readonly kind: 'folder'; readonly path: string } | S3StoreConfig;

/** The anchors that the configuration names. Loads the S3 client only for a bucket. */
export const openAnchors = async (config: AnchorsConfig): Promise<Anchors> =>
  config.kind === 'folder'
    ? openFolderAnchors(config.path)
    : (await import('./s3-anchors.js')).openS3Anchors(config);
