/** One GET of a service's REST face, with a bearer token. */
export interface RestRead {
  readonly url: string;
  readonly token: string;
  /** Follows `next_cursor` and gives the items of all pages. */
  readonly allPages?: boolean;
}

export interface RestAnswer {
  readonly status: number;
  /** Base64; of all pages: a JSON list. */
  readonly body: string;
}

const bytesMax = 64 * 1024 * 1024;

const get = async (url: string, token: string): Promise<{ status: number; body: Buffer }> => {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const body = Buffer.from(await answer.arrayBuffer());
  if (body.length > bytesMax) throw new Error('too much');
  return { status: answer.status, body };
};

/** The status is 0 when no answer came. */
export const readRest = async ({ url, token, allPages }: RestRead): Promise<RestAnswer> => {
  try {
    if (!allPages) {
      const { status, body } = await get(url, token);
      return { status, body: body.toString('base64') };
    }
    const items: unknown[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await get(`${url}${cursor}`, token);
      if (status !== 200) return { status, body: body.toString('base64') };
      const page = JSON.parse(body.toString()) as { data: unknown[]; next_cursor: string | null };
      items.push(...page.data);
      if (page.next_cursor === null)
        return { status, body: Buffer.from(JSON.stringify(items)).toString('base64') };
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
  } catch {
    return { status: 0, body: '' };
  }
};
