import * as Args from '@oclif/core/args';
import { samples, sectionCalled } from '../config/document.ts';
import { LongshoreCommand } from './frame/command.ts';

export default class Docs extends LongshoreCommand {
  static override summary = 'Explain the config file, section by section';
  static override description =
    'An annotated sample of every section, or of one. A key at the left edge of the file, such as drain_timeout, names its section too.';
  static override examples = [
    { description: 'Everything', command: '<%= config.bin %> docs' },
    { description: 'How is the proxy told what to do?', command: '<%= config.bin %> docs proxy' },
  ];
  static override args = {
    section: Args.string({ ignoreStdin: true, description: 'section, such as servers, env, proxy or boot' }),
  };

  async run(): Promise<void> {
    const { section } = (await this.parse(Docs)).args;
    await this.carryOut({
      changes: false,
      perform: () => Promise.resolve(section === undefined ? samples : [sectionCalled(section)]),
      render: (sections, paint) =>
        sections.map(({ title, sample }) => `${paint.bold(`# ${title}`)}\n\n${sample.trimEnd()}`).join('\n\n'),
    });
  }
}
