import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { failure, inDirectory, load, minimal, problems } from './load-text.ts';

describe('a deploy file that is a template', () => {
  const text = `${minimal}<% if ENV["LOUD"] -%>
labels:
  tone: loud
<% end -%>
boot:
  limit: <%= ENV["LIMIT"] %>
`;

  test('means what it is rendered to', () => {
    expect(load(text, undefined, { env: { LIMIT: '2', LOUD: '1' } })).toMatchObject({
      boot: { limit: 2 },
      roles: [{ labels: { tone: 'loud' } }],
    });
  });

  test('has its problems at their places in the template, and shows no value that was put in', () => {
    const { details } = failure(text, undefined, { env: { LIMIT: 's3cret' } });
    expect(details).toEqual([
      'deploy.yml:11:10: this should be a number of machines from 1, without quotes, or a percentage such as 25%',
      '  11 |   limit: <%= ENV["LIMIT"] %>',
      '     |          ^',
    ]);
  });

  test('sees the destination, unless the base file is called so', () => {
    const base = `${minimal}labels: {at: "<%= ENV["KAMAL_DESTINATION"] || "base" %>"}\n`;
    const files = { 'deploy.yml': `${base}base_destination: production\n`, 'deploy.staging.yml': 'boot: {limit: 1}\n' };
    const label = (destination?: string) =>
      load(files, destination, { env: { KAMAL_DESTINATION: 'left over' } }).roles[0]?.labels['at'];
    expect([label('staging'), label('production'), label()]).toEqual(['staging', 'base', 'base']);
  });

  test('runs commands in the project’s directory, each once', () => {
    const command = '<%= `echo x >> log; wc -l < log`.strip %>';
    const files = { 'deploy.yml': `${minimal}labels: {a: "${command}", b: "${command}"}\n` };
    expect(load(files, undefined, {}).roles[0]?.labels).toEqual({ a: '1', b: '1' });
  });

  test('may have what a command prints in quotes and brackets, line break and all', () => {
    const quoted = `${minimal}labels:\n  a: "<%= \`echo x\` %>"\n  b: <%= \`echo y\` %>\nvolumes: [<%= \`echo v:/v\` %>]\n`;
    expect(load(quoted, undefined, {}).roles[0]).toMatchObject({ labels: { a: 'x ', b: 'y' }, volumes: ['v:/v'] });
  });

  test('is refused where a command fails, with the last it said', () => {
    const broken = `${minimal}labels:\n  a: <%= %x(echo one >&2; echo two >&2; exit 3) %>\n`;
    expect(failure(broken, undefined, {}).details[0]).toBe(
      'deploy.yml:7:10: this command failed with exit status 3: two',
    );
  });

  test('runs no command when that is refused', () => {
    expect(problems(`${minimal}labels: {a: <%= \`touch ran\` %>}\n`)).toEqual([
      'deploy.yml:6:17: this runs a command, and --no-exec was given',
    ]);
  });

  test('reads files of the project, and no others', () => {
    const files = {
      'deploy.yml': `${minimal}builder: {arch: amd64, args: {R: <%= File.read(".ruby-version").strip %>}}\n`,
    };
    const one = { ...files, 'deploy.yml': files['deploy.yml'].replace('builder: {arch: amd64}\n', '') };
    expect(load({ ...one, '.ruby-version': '3.4.1\n' }).builder.args).toEqual({ R: '3.4.1' });
    expect(problems(one)[0]).toContain('there is no file .ruby-version');
    const outside = one['deploy.yml'].replace('.ruby-version', '/etc/passwd');
    expect(problems(outside)[0]).toContain('/etc/passwd is not in the project’s directory');
  });
});

describe('--erb ruby', () => {
  const text = `${minimal}<% %w[a].each do |name| -%>\nlabels: {<%= name %>: b}\n<% end -%>\nboot: {limit: none}\n`;

  test('says when there is no Ruby', () => {
    const { code, message } = failure(text, undefined, { erb: 'ruby', env: { PATH: '/nowhere' } });
    expect(code).toBe('usage');
    expect(message).toBe('--erb ruby needs Ruby, and there is no ruby on this machine to render deploy.yml');
  });

  test('reads what Ruby makes of it, with problems at the places of the template', () => {
    const files = { 'deploy.yml': text, 'bin/ruby': '#!/bin/sh\nsed "/<% /d; s/<%= name %>/a/"\n' };
    const run = () =>
      inDirectory(files, (cwd) => {
        chmodSync(join(cwd, 'bin/ruby'), 0o755);
        return loadConfig({ file: 'deploy.yml', cwd, erb: 'ruby', env: { PATH: `${cwd}/bin:${process.env['PATH']}` } });
      });
    expect(run).toThrow(
      expect.objectContaining({
        details: expect.arrayContaining([
          'deploy.yml:9:15: this should be a number of machines from 1, without quotes, or a percentage such as 25%',
        ]),
      }),
    );
  });

  test('passes on what Ruby complains of', () => {
    const { message, details } = inDirectory({ 'deploy.yml': text }, (cwd) => {
      mkdirSync(join(cwd, 'bin'));
      writeFileSync(join(cwd, 'bin/ruby'), '#!/bin/sh\necho "deploy.yml:6: undefined local variable" >&2; exit 1\n');
      chmodSync(join(cwd, 'bin/ruby'), 0o755);
      try {
        return loadConfig({ file: 'deploy.yml', cwd, erb: 'ruby', env: { PATH: `${cwd}/bin:/bin` } }) as never;
      } catch (thrown) {
        return thrown as { message: string; details: string[] };
      }
    });
    expect([message, details]).toEqual(['Ruby cannot render deploy.yml', ['deploy.yml:6: undefined local variable']]);
  });
});
