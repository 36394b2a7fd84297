import type { RunJson } from '../start-lethe.js';
import { billedRequests } from '../support/accounting.js';
import { http } from '../support/http.js';
import type { Shown } from './scan.js';

const OPERATOR_PORT_OFFSET = 100;

const operatorFace = ({ router }: RunJson): string => {
  const url = new URL(router);
  url.port = String(Number(url.port) + OPERATOR_PORT_OFFSET);
  return url.origin;
};

/** What the services show: metrics to anyone who may scrape, lists and usage to each organization. */
export const facesOf = async (run: RunJson): Promise<Shown[]> => {
  const shown: Shown[] = [];
  const scan = async (sink: string, url: string, token = ''): Promise<void> => {
    const { body, headers } = await http(url, { headers: { authorization: `Bearer ${token}` } });
    shown.push({ sink, bytes: Buffer.concat([Buffer.from(JSON.stringify(headers)), body]) });
  };
  for (const [name, origin] of [
    ['router', operatorFace(run)],
    ['admin-config', run.adminConfig],
    ['accounting', run.accounting],
    ['audit', run.audit],
  ] as const)
    await scan(`metrics of ${name}`, `${origin}/metrics`);
  const start = encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString());
  for (const { slug, adminToken, memberToken } of run.organizations) {
    const rows = await billedRequests(run, adminToken);
    shown.push({ sink: `requests of ${slug}`, bytes: Buffer.from(JSON.stringify(rows)) });
    const usage = `${run.accounting}/v1/manage/org/usage?start=${start}&group_by[]=user_id&group_by[]=extra.source`;
    await scan(`usage of ${slug}`, usage, adminToken);
    await scan(`audit events of ${slug}`, `${run.audit}/v1/audit/events`, adminToken);
    await scan(`keys of ${slug}`, `${run.adminConfig}/v1/manage/apikey`, adminToken);
    await scan(`requests of a member of ${slug}`, `${run.accounting}/v1/requests`, memberToken);
  }
  await scan('requests of nobody', `${run.accounting}/v1/requests`, run.operatorToken);
  await scan('ingestion', `${run.accounting}/v1/operator/ingest`, run.operatorToken);
  return shown;
};
