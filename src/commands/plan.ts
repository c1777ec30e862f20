import { exitStatusOf } from '../errors.ts';
import * as Flags from '@oclif/core/flags';
import { renderDrift, renderPlan } from '../report/plan.ts';
import { LongshoreCommand } from './frame/command.ts';
import { building, destinationArgument } from './frame/flags.ts';

export default class Plan extends LongshoreCommand {
  static override summary = 'Say what a deploy would do, and why';
  static override description =
    'Looks at the machines, changes nothing and takes no lock. With --check it compares the machines with the file and the release that is deployed, and exits with 7 when they differ; a newer commit is no difference.';
  static override examples = [
    { description: 'What would deploy do?', command: '<%= config.bin %> plan production' },
    {
      description: 'In a cron job: has somebody changed something by hand?',
      command: '<%= config.bin %> plan production --check',
    },
    { description: 'For a program', command: '<%= config.bin %> plan production --json' },
  ];
  static override args = destinationArgument;
  static override flags = {
    ...building,
    check: Flags.boolean({ description: 'exit with 7 when the machines are not as the file and the release say' }),
  };

  async run(): Promise<void> {
    const { check } = (await this.parse(Plan)).flags;
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => (check ? pipeline.checkDrift(run) : pipeline.planDeployment(run)),
      render: check ? renderDrift : renderPlan,
      exitStatus: ({ nothingToDo }) => (check && !nothingToDo ? exitStatusOf['drift-found'] : 0),
    });
  }
}
