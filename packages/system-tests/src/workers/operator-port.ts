import type { RunJson } from '../start-lethe.js';
import { http } from '../support/http.js';

const OPERATOR_PORT_OFFSET = 100;

/** Where the router of a run shows health and figures. */
export const operatorOf = ({ router }: RunJson): string => {
  const url = new URL(router);
  url.port = String(Number(url.port) + OPERATOR_PORT_OFFSET);
  return url.origin;
};

/** The values of one metric of a face by the labels as they are written, e.g. `{worker="0"}`. */
export const valuesOf = async (face: string, name: string): Promise<ReadonlyMap<string, number>> => {
  const { status, body } = await http(`${face}/metrics`);
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  const lines = body.toString().split('\n');
  return new Map(
    lines.flatMap((line): [string, number][] => {
      const [, labels = '', value] = new RegExp(`^${name}(\\{.*\\})? (\\S+)$`).exec(line) ?? [];
      return value === undefined ? [] : [[labels, Number(value)]];
    }),
  );
};

export const totalOf = async (face: string, name: string): Promise<number> =>
  [...(await valuesOf(face, name)).values()].reduce((sum, value) => sum + value, 0);

/** The requests each worker has served since it was started, by its index. */
export const requestsByWorker = async (run: RunJson): Promise<number[]> => {
  const values = await valuesOf(operatorOf(run), 'lethe_router_worker_requests_total');
  return [...values.keys()].map((_, index) => values.get(`{worker="${index}"}`) ?? Number.NaN);
};
