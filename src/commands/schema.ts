import { configSchema } from '../config/json-schema.ts';
import { LongshoreCommand } from './frame/command.ts';

export default class Schema extends LongshoreCommand {
  static override summary = 'Print a JSON Schema of the config file, for editors';
  static override description =
    'Write it to a file beside the config file, and name it in the first line there: `# yaml-language-server: $schema=deploy.schema.json`. Editors then complete keys, explain them and mark mistakes.';
  static override examples = [
    { description: 'For the editor', command: '<%= config.bin %> schema > config/deploy.schema.json' },
  ];

  async run(): Promise<void> {
    await this.carryOut({
      changes: false,
      perform: ({ run }) => {
        const text =
          'switched on by the first line of the config file: # yaml-language-server: $schema=deploy.schema.json';
        run.emit({ type: 'note', text });
        return Promise.resolve(configSchema());
      },
      render: (schema) => JSON.stringify(schema, undefined, 2),
    });
  }
}
