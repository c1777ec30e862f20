import type { WantedAccessory } from '../../accessories/wanted.ts';
import { Failure } from '../../errors.ts';
import type { Docker } from '../../hosts/docker.ts';
import { answerKey, type TagAnswer } from '../../plan/accessories/moved.ts';
import { isAt } from '../execution.ts';
import type { Fleet } from '../fleet.ts';
import type { Session } from '../session.ts';

const longestSeconds = 5;

/**
 * Asks what each tag names in its registry by now, by the engine of each machine, side by side. A registry that does not answer is no
 * failure. Tags that cannot move, as a digest stands behind them, are not asked about.
 */
export async function askRegistries(
  session: Session,
  { hosts }: Fleet,
  wanted: readonly WantedAccessory[],
): Promise<ReadonlyMap<string, TagAnswer>> {
  const places = new Map(wanted.map(({ host, spec }) => [answerKey(host, spec.image), { host, image: spec.image }]));
  const answers = [...places].flatMap(([key, { host, image }]) => {
    const docker = hosts.get(host)?.docker;
    if (docker === undefined || image.includes('@')) return [];
    return [ask(session, docker, image).then((answer) => [key, answer] as const)];
  });
  return new Map(await Promise.all(answers));
}

async function ask({ config, logins, mask }: Session, docker: Docker, image: string): Promise<TagAnswer> {
  const { localPort, server } = config.registry;
  // The app's own is reached only while something is pulled.
  if (localPort !== undefined && image.startsWith(`${server}/`))
    return { problem: 'its registry is on the machine that deploys' };
  const credentials = logins.find(({ server }) => isAt(image, server));
  const reference = tagged(image);
  try {
    const digest = await docker.registryDigest(reference, {
      timeoutSeconds: longestSeconds,
      ...(credentials === undefined ? {} : { credentials }),
    });
    return { digest };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'timed-out') return { problem: `its registry did not answer within ${longestSeconds} s` };
    if (error.code !== 'engine-refused') return { problem: mask(error.message) };
    const said = mask(error.message.split(`${reference}: `).at(-1)?.replace(/\.$/, '') ?? '');
    const wantsLogin = /no basic auth|unauthorized|denied|authentication required|forbidden/i.test(said);
    if (wantsLogin && credentials === undefined) return { problem: 'its registry wants a login, and there is none' };
    return { problem: `its registry said: ${said}` };
  }
}

/** Docker takes a name without a tag for `latest`. */
function tagged(image: string): string {
  return /:[^/]*$/.test(image) ? image : `${image}:latest`;
}
