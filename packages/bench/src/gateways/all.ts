import type { Gateway } from './gateway.js';
import { haproxy } from './haproxy.js';
import { litellm } from './litellm.js';
import { nginx } from './nginx.js';
import { portkey } from './portkey.js';
import { tensorzero } from './tensorzero.js';

/** Every peer that the router is measured beside. */
export const peers: readonly Gateway[] = [haproxy, nginx, portkey, tensorzero, litellm];
