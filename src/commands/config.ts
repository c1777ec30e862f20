import * as Flags from '@oclif/core/flags';
import { type ConfigLook, configAsJson, renderConfig } from '../report/config.ts';
import { LongshoreCommand } from './frame/command.ts';
import { destinationArgument } from './frame/flags.ts';

export default class ShowConfig extends LongshoreCommand {
  static override summary = 'Show what the config file means';
  static override description =
    'Base and destination file merged, with all defaults: what every role, accessory and machine gets. Secrets are shown by name, and passwords that stand in the file are not shown. No machine is looked at.';
  static override examples = [
    { description: 'What does production get?', command: '<%= config.bin %> config production' },
    { description: 'Which line says so?', command: '<%= config.bin %> config production --origin' },
    { description: 'For a program', command: '<%= config.bin %> config production --json' },
  ];
  static override args = destinationArgument;
  static override flags = {
    origin: Flags.boolean({ description: 'show the file and line each value comes from' }),
  };

  async run(): Promise<void> {
    const { origin } = (await this.parse(ShowConfig)).flags;
    const look: ConfigLook = { origins: origin ? 'shown' : 'left-out' };
    await this.carryOutWith(() => import('../pipeline/config.ts'), {
      changes: false,
      perform: ({ pipeline, run }) => Promise.resolve(pipeline.showConfig(run)),
      render: (result, paint) => renderConfig(result, { ...look, paint }),
      json: (result) => configAsJson(result, look),
    });
  }
}
