import { get as getByHttp, type IncomingMessage } from 'node:http';
import { get as getByHttps } from 'node:https';

export interface Got {
  readonly status: number;
  /** Of `www-authenticate`, for a login. */
  readonly challenge: string;
  readonly text: string;
}

interface Asked {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** So many may be left to follow. */
  readonly redirects?: number;
}

/** So long a deploy may be kept waiting for a registry that does not answer. */
const timeoutSeconds = 5;
const mostRedirects = 3;
/** No manifest and no config of an image comes near it. */
const mostBytes = 8 * 1024 * 1024;

/** Follows registries that keep what they have elsewhere, without the login. By node's own client: `fetch` takes five times as long to load. */
export async function getText(url: URL, { headers, signal, redirects = mostRedirects }: Asked): Promise<Got> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = url.protocol === 'https:' ? getByHttps : getByHttp;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
    get(url, { headers, signal: limit, agent: false }, resolve).on('error', reject);
  });
  const { statusCode: status = 0, headers: answered } = response;
  if (status >= 300 && status < 400 && answered.location !== undefined && redirects > 0) {
    response.resume();
    const next = new URL(answered.location, url);
    if (url.protocol === 'https:' && next.protocol !== 'https:') throw new Error('a redirect in the clear');
    const { authorization: _login, ...others } = headers;
    return getText(next, { headers: next.host === url.host ? headers : others, signal, redirects: redirects - 1 });
  }
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > mostBytes) throw new Error('the registry says too much');
  }
  return { status, challenge: answered['www-authenticate'] ?? '', text };
}
