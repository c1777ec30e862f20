import { auditFile, imageOf } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { execute } from '../execute/execute.ts';
import type { PullResult } from '../report/results.ts';
import { planPull } from '../plan/pull.ts';
import { executionFor } from './execution.ts';
import { connectFleet } from './connecting.ts';
import type { Fleet } from './fleet.ts';
import { together } from './together.ts';
import { withoutLock } from './held-lock.ts';
import { askForImage, shortages } from './room.ts';
import { spaceProblem } from './preflight.ts';
import type { Session } from './session.ts';

/** Pulls one version on every selected machine of the app, all of them the same build. @throws Failure */
export async function pullOnMachines(session: Session, version: string, digest?: string): Promise<PullResult> {
  const started = Date.now();
  const { config, selected, run } = session;
  const fleet = await connectFleet(session, selected.hosts);
  try {
    const image = imageOf(config, version);
    const asked = askForImage(session, version, digest);
    const observed = await fleet.observe({});
    const tags = config.destination === undefined ? [] : [config.destination];
    const plan = planPull({
      ...(config.destination === undefined ? {} : { destination: config.destination }),
      service: config.service,
      version,
      image,
      ...(digest === undefined ? {} : { digest }),
      hosts: selected.hosts,
      audit: { file: auditFile(config), tags },
    });
    const short = await shortages(session, fleet, { observed, plan, image: asked });
    const full = short.map((one) => spaceProblem(session, one));
    if (full.length > 0) throw together(full, 'Nothing was pulled.');
    const execution = executionFor(session, fleet, { version, observed, lock: withoutLock() });
    const { result, problems } = await execute(plan, run.command, execution);
    if (result === 'interrupted') throw new Failure('interrupted', `${run.command} was interrupted`);
    if (problems.length > 0) throw together(problems.map(({ error }) => error));
    await checkLabels(fleet, image, config.service);
    return {
      version,
      image,
      digest: execution.digests.get(image) ?? '',
      hosts: selected.hosts,
      seconds: (Date.now() - started) / 1000,
    };
  } finally {
    await fleet.close();
  }
}

/** Kamal refuses images without the label `service`, and its prune would never find them. */
async function checkLabels(fleet: Fleet, image: string, service: string): Promise<void> {
  const problems = await Promise.all(
    [...fleet.hosts].map(async ([name, host]) => {
      const labels = (await host.docker.inspectImage(image))?.Config.Labels;
      if (labels?.['service'] === service) return [];
      return [
        new Failure('image-mismatch', `${name}: ${image} has no label service=${service}`, {
          hint: `Build it by \`longshore build push\`, or with \`--label service=${service}\`.`,
        }),
      ];
    }),
  );
  if (problems.flat().length > 0) throw together(problems.flat());
}
