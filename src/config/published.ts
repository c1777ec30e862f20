import type { DockerOption } from './config.ts';
import type { Findings } from './findings.ts';
import { publishedIn } from './ports.ts';
import type { Path } from './sheet.ts';

/** Warns where a port is published and no address is said: Docker then opens it on all of the machine's, past its firewall. */
export function warnAboutPublished(text: string, path: Path, findings: Findings): void {
  const [first] = publishedIn(text);
  if (first === undefined || first.address !== undefined) return;
  // An address may be left out before its colon.
  const ports = text.replace(/^:(?=.*:)/, '');
  const both = ports.includes(':') ? ports : `${ports.replace(/\/.*$/, '')}:${ports}`;
  findings.warning(
    path,
    `\`${text}\` is published on every address of the machine; write \`127.0.0.1:${both}\` for the machine alone, ` +
      `its address in a private network before the ports, or \`0.0.0.0:${both}\` to mean it`,
  );
}

/** The same for what `options` publishes. */
export function warnAboutPublishOptions(options: readonly DockerOption[], path: Path, findings: Findings): void {
  if (publishesAll(options)) {
    findings.warning(
      [...path, 'publish-all'],
      '`publish-all` publishes every port that the image exposes on every address of the machine; write `publish` for each that is meant, with an address before it',
    );
  }
  const texts = options.flatMap(({ name, value }) => (name === 'publish' ? [String(value)] : []));
  for (const [index, text] of texts.entries()) {
    const entry = [...path, 'publish', index];
    warnAboutPublished(text, findings.has(entry) ? entry : [...path, 'publish'], findings);
  }
}

/** Whether every port that the image exposes is published, which is on every address. */
export function publishesAll(options: readonly DockerOption[]): boolean {
  const last = options.findLast(({ name }) => name === 'publish-all')?.value;
  return last === true || /^(?:1|t|true)$/i.test(String(last));
}
