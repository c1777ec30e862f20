import { Failure } from '../../errors.ts';
import { renderAccessories } from '../../report/accessories.ts';
import { askLine } from '../frame/ask.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';

export default class AccessoryRemove extends LongshoreCommand {
  static override summary = 'Take accessories away: container, image, and the directory with their data';
  static override description =
    'What lies in its directory in the login directory of each machine is gone afterwards; named volumes and absolute paths stay. Asks for the name unless -y is given.';
  static override examples = [
    { description: 'For good', command: '<%= config.bin %> accessory remove mailpit -d staging' },
    { description: 'In a script', command: '<%= config.bin %> accessory remove mailpit -d staging --yes' },
  ];
  static override args = accessoryArguments;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessoryRemove);
    if (!flags.confirmed) await confirm(args.name);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.changeAccessories(run, 'remove', { names: [args.name] }),
      render: renderAccessories,
    });
  }
}

/** @throws Failure `usage` when the answer is another, or nobody is there to answer */
async function confirm(name: string): Promise<void> {
  const hint = 'Nothing was changed.';
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Failure('usage', `accessory remove ${name} takes data away, and nobody is there to ask`, {
      hint: `${hint} Add --yes to mean it.`,
    });
  }
  const answer = await askLine(`This removes ${name} and the data in its directory. Type its name to go on:`, '');
  if (answer !== name) throw new Failure('usage', `${answer === '' ? 'nothing' : answer} is not ${name}`, { hint });
}
