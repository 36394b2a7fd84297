import type { Gateway } from './gateway.js';
import { haproxy } from './haproxy.js';
import { nginx } from './nginx.js';

/** Every peer that the router is measured beside. */
export const peers: readonly Gateway[] = [haproxy, nginx];
