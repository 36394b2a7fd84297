import { chatPath, type Gateway, upstreamModel } from './gateway.js';

/** No gateway: the load reaches the mock provider itself. What the others add is measured against this. */
export const direct: Gateway = {
  name: 'direct',
  start: async (upstream) => ({
    asking: {
      port: upstream.port,
      path: chatPath,
      model: upstreamModel,
      headers: { Authorization: 'Bearer sk-bench' },
    },
    pids: [],
    stop: async () => undefined,
  }),
};
