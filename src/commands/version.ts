import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';

export default class Version extends Command {
  static override summary = 'Show the version of Longshore';
  static override description = 'The same as `longshore --version`.';
  static override examples = ['<%= config.bin %> version'];
  static override flags = { json: Flags.boolean({ description: 'as a JSON document' }) };

  async run(): Promise<void> {
    const { json } = (await this.parse(Version)).flags;
    const { name, version } = this.config;
    process.stdout.write(json ? `${JSON.stringify({ name, version }, undefined, 2)}\n` : `${name} ${version}\n`);
  }
}
