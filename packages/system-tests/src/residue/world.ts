import { type Certificate, makeCertificate } from './certificate.js';
import { type EchoProvider, startEchoProvider } from './echo-provider.js';
import { startEventLogDatabase } from './event-log-database.js';
import { type RouterOptions, type RouterProcess, startRouter } from './router-process.js';
import { type ScriptedPolicy, startScriptedPolicy } from './scripted-policy.js';

/** `openai/…` and `anthropic/…` echo, `groq/…` cannot be reached. */
export const models = {
  echo: 'openai/gpt-4o-mini',
  echoCompletions: 'openai/gpt-3.5-turbo-instruct',
  echoEmbeddings: 'openai/text-embedding-3-small',
  echoMessages: 'anthropic/claude-sonnet-4-5',
  refused: 'groq/llama-3.3-70b-versatile',
} as const;

/** Everything around one router, whose memory is looked at: the rest runs in this process or in others. */
export interface World {
  readonly policy: ScriptedPolicy;
  readonly provider: EchoProvider;
  readonly certificate: Certificate | undefined;
  startRouter(options?: Pick<RouterOptions, 'root' | 'node' | 'env'>): Promise<RouterProcess>;
  stop(): Promise<void>;
}

/** `secure`: TLS on both sides of the router. */
export const startWorld = async (secure: boolean): Promise<World> => {
  const certificate = secure ? makeCertificate() : undefined;
  const [provider, eventLog] = await Promise.all([startEchoProvider(certificate), startEventLogDatabase()]);
  const policy = await startScriptedPolicy([
    { provider: 'openai', baseUrl: provider.baseUrl },
    { provider: 'anthropic', baseUrl: provider.baseUrl.replace(/\/v1$/, '') },
    { provider: 'groq', baseUrl: 'http://127.0.0.1:9' },
  ]);
  const routers: RouterProcess[] = [];
  return {
    policy,
    provider,
    certificate,
    startRouter: async (options = {}) => {
      const router = await startRouter({ ...options, policy, eventLogUrl: eventLog.url, certificate });
      routers.push(router);
      return router;
    },
    stop: async () => {
      await Promise.all(routers.map((router) => router.stop()));
      await Promise.all([provider.close(), policy.close(), eventLog.stop()]);
      certificate?.remove();
    },
  };
};
