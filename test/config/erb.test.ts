import { describe, expect, test } from 'vitest';
import { render } from '../../src/config/render.ts';
import { cpuMilliseconds } from '../house/cpu-time.ts';
import { failure, minimal } from './load-text.ts';

const env = { X: 'x', EMPTY: '', BLANK: ' ', NAME: 'Shop', FALSE: 'false', KAMAL_DESTINATION: 'staging' };
const world = {
  env,
  architecture: 'amd64',
  run: (command: string) => (command === 'fail' ? { problem: 'this command failed' } : { text: `<${command}>\n` }),
  read: (path: string) => (path === '.ruby-version' ? { text: '3.4.1\n' } : undefined),
};

function rendered(text: string): string {
  const { template, problems } = render({ file: 'deploy.yml', text, world });
  expect(problems).toEqual([]);
  return template.text;
}

function refused(text: string): string {
  const { problems } = render({ file: 'deploy.yml', text, world });
  return problems.map(({ place, message }) => `${place.line}:${place.column}: ${message}`).join('\n');
}

describe('a template’s value', () => {
  test.each([
    ['ENV["X"]', 'x'],
    ["ENV['X']", 'x'],
    ['ENV["NOT_SET"]', ''],
    ['ENV.fetch("X")', 'x'],
    ['ENV.fetch "X"', 'x'],
    ['ENV.fetch "NOT_SET", "default"', 'default'],
    ['ENV.key? "X"', 'true'],
    ['ENV.fetch("NOT_SET", "default")', 'default'],
    ['ENV.fetch("EMPTY", "default")', ''],
    ["ENV.fetch('PORT', 3000)", '3000'],
    ['ENV.fetch("NOT_SET") { "block" }', 'block'],
    ['ENV["NOT_SET"] || "default"', 'default'],
    ['ENV["EMPTY"] || "default"', ''],
    ['ENV["BLANK"].presence || "default"', 'default'],
    ['ENV["A"] || ENV["B"] || nil', ''],
    ['ENV["X"] && "set"', 'set'],
    ['"my-user"', 'my-user'],
    ["'a\\'b\\n'", "a'b\\n"],
    ['"a\\"b\\\\ \\#{x}"', 'a"b\\ #{x}'],
    ['"#{ENV["NAME"]}-#{ENV["X"] || "y"}"', 'Shop-x'],
    ['"v" + ENV["X"]', 'vx'],
    ['`git rev-parse HEAD`', '<git rev-parse HEAD>\n'],
    ['`git rev-parse HEAD`.strip', '<git rev-parse HEAD>'],
    ['%x(echo (a)).chomp', '<echo (a)>'],
    ['%x[date +%s].strip', '<date +%s>'],
    ['ENV["X"] == "x" ? "yes" : "no"', 'yes'],
    ['ENV["X"] != "x" ? "yes" : "no"', 'no'],
    ['!ENV["X"]', 'false'],
    ['!(ENV["X"] && ENV["NOT_SET"])', 'true'],
    ['"a" if ENV["X"]', 'a'],
    ['"a" unless ENV["X"]', ''],
    ['ENV.key?("EMPTY")', 'true'],
    ['ENV["NOT_SET"]&.strip', ''],
    ['ENV["NAME"].downcase # as Docker wants it', 'shop'],
    ['File.read(".ruby-version").strip', '3.4.1'],
    ['File.exist?("none") ? 1 : 2', '2'],
    ['Kamal::Utils.docker_arch == "arm64" ? "amd64" : "arm64"', 'arm64'],
  ])('%s is %j', (code, value) => {
    expect(rendered(`a: <%= ${code} %>`)).toBe(`a: ${value}`);
  });

  test('of what does not count is not looked for', () => {
    expect(rendered('<% if ENV["NOT_SET"] %><%= ENV.fetch("NO") %><%= `fail` %><% end %><%= "a" || `fail` %>')).toBe(
      'a',
    );
  });
});

describe('a template’s text', () => {
  test.each([
    ['is cut as Ruby cuts it', 'a\n<% if ENV["X"] -%>\nb\n<% else -%>\nc\n<% end -%>\nd\n', 'a\nb\nd\n'],
    ['keeps line breaks without a dash', '<% if ENV["X"] %>\nb\n<% end %>\n', '\nb\n\n'],
    ['loses the blanks before <%-', 'a:\n  <%- if ENV["X"] -%>\n  b\n  <%- end -%>\n', 'a:\n  b\n'],
    ['keeps the blanks before <%', '  <% if ENV["X"] -%>\n  b\n  <% end -%>\n', '    b\n  '],
    ['takes the line break after a value with a dash', 'a: <%= "x" -%>\nb', 'a: xb'],
    ['may have Windows line ends', '<% if ENV["X"] -%>\r\nb\r\n<% end -%>\r\nc', 'b\r\nc'],
    ['goes by elsif', '<% if ENV["NO"] %>1<% elsif ENV["X"] == "x" %>2<% elsif true %>3<% else %>4<% end %>', '2'],
    ['goes by unless', '<% unless ENV["X"] %>1<% else %>2<% end %>', '2'],
    ['has blocks in blocks', '<% if false %><% if true %>1<% else %>2<% end %>3<% else %>4<% end %>', '4'],
    ['has comments', 'a<%# ENV.nothing %>b<% # nothing %>c', 'abc'],
    ['can show tags', '<%%= a %> <%= "%%>" %>', '<%= a %> %>'],
  ])('%s', (_what, text, expected) => {
    expect(rendered(text)).toBe(expected);
  });

  test('in a comment of YAML stops nothing', () => {
    const { template, problems, warnings } = render({ file: 'f', text: '# a: <%= Time.now %>\nb: 1\n', world });
    expect([template.text, problems]).toEqual(['# a: \nb: 1\n', []]);
    expect(warnings[0]?.message).toContain('`Time.now` is Ruby that is not read here');
  });
});

test('a template with thousands of tags is rendered at once', () => {
  const tags = '<% if ENV["X"] %><%= ENV["X"] %>\n'.repeat(5000);
  const start = cpuMilliseconds();
  expect(rendered(`${tags}${'<% end %>'.repeat(5000)}`)).toBe('x\n'.repeat(5000));
  expect(refused(tags).split('\n')).toHaveLength(5000);
  expect(cpuMilliseconds() - start).toBeLessThan(1000);
});

describe('Ruby that is not read', () => {
  test.each([
    ['a: <%= ENV.fetch("NO") %>', '1:8: the variable NO is not set; set it, or give a default: ENV.fetch("NO", "…")'],
    ['a: 1\nb: <%= `fail` %>', '2:8: this command failed'],
    ['a: <%= %x(echo #{ENV["X"]}) %>', '1:16: `#{…}` in a command is not read here; write $X for the variable X'],
    [
      'a: <%= Time.now.to_i %>',
      '1:8: `Time.now.to_i` is Ruby that is not read here; run a command, such as %x(date +%s), or',
    ],
    [
      'a: <%= ENV["X"].split(",") %>',
      '1:16: `.split` is Ruby that is not read here; write the entries out, or render with Ruby: --erb ruby',
    ],
    [
      '<% require "dotenv" %>',
      '1:4: `require` is Ruby that is not read here; set the variables before: set -a; . ./.env',
    ],
    ['<% tag = ENV["X"] %>', '1:4: `tag` is Ruby that is not read here; write ENV["X"], with its default, where'],
    ['<%= Rails.application.credentials.dig(:a) %>', 'write in .kamal/secrets: NAME=$(bin/rails runner "puts …")'],
    ['<%= Rails.env %>', 'write ENV["RAILS_ENV"]'],
    ["<% require 'json' %>", 'take it out; nothing here needs a library'],
    ['<%= YAML.load_file("a.yml")["b"] %>', '%x(yq -r .key file.yml)'],
    ['<%= JSON.parse(File.read("a.json"))["b"] %>', '%x(jq -r .key file.json)'],
    ['<%= Dir["*.pem"].first %>', 'write the names out'],
    ['<%= <<~EOS\na\nEOS\n%>', 'write the text as YAML, after a |'],
    ['<%= %w[a b].join(",") %>', 'write lists and maps as YAML'],
    ['<%= ENV["X"][0, 7] %>', 'cut it in a command: %x(git rev-parse --short=7 HEAD)'],
    ['<%= ENV["X"].gsub("/", "-") %>', 'let a command do it: %x(…)'],
    ['<%= ENV.fetch("PORT", 80).to_i + 1 %>', 'leave it away: a value is put into the file as it is'],
    ['<% ENV["X"] ||= "y" %>', 'write ENV["X"] || "default" where it is used'],
    ['<%= Socket.gethostname %>', '%x(whoami) or %x(hostname)'],
    ['<% if ENV["X"] and ENV["Y"] %><% end %>', '1:16: `and` is Ruby that is not read here; write && || !'],
    ['<% %w[a b].each do |host| %>\n- <%= host %>\n<% end %>', '1:4: `%` is Ruby that is not read here'],
    ['<%= ENV["X" %>', '1:11: this Ruby ends too early'],
    ['<%= "a %>', '1:5: what opens here is not closed with "'],
    ['a: <%= ENV["X"]', '1:7: this tag is not closed with `%>`'],
    ['<% if ENV["X"] -%>\na: 1', '1:1: this block has no `<% end %>`'],
    ['a\n<% end %>', '2:3: there is no `if` before this `end`'],
    ['<% ENV["X"] %>', '1:3: this shows nothing; write <%= … %>'],
    ['<%= ENV["NO"].strip %>', '1:14: `.strip` is for text, and this is nil (a variable that is not set?)'],
    ['<%= "a" + ENV["NO"] %>', '1:9: `+` adds two texts or two numbers'],
    [`<%= ${'('.repeat(60)} %>`, 'this is nested too deeply'],
    [`<%= ${'!'.repeat(60)}nil %>`, 'this is nested too deeply'],
    [`<%= "${'#{"'.repeat(60)} %>`, 'is not closed with'],
    [`<%= ${'1 + '.repeat(2000)}1 %>`, 'this is longer than 4000 characters'],
  ])('%j is refused where it stands', (text, message) => {
    expect(refused(text)).toContain(message);
  });

  test('is refused all at once, by file, line and column, and names the line', () => {
    const text = `${minimal}labels:\n  a: <%= ENV.fetch("NO") %>\n  b: <%= rand %>\n`;
    expect(failure(text).details).toEqual([
      'deploy.yml:7:10: the variable NO is not set; set it, or give a default: ENV.fetch("NO", "…")',
      '  7 |   a: <%= ENV.fetch("NO") %>',
      '    |          ^',
      'deploy.yml:8:10: `rand` is Ruby that is not read here; run a command, such as %x(date +%s), or render with Ruby: --erb ruby',
      '  8 |   b: <%= rand %>',
      '    |          ^',
    ]);
  });
});
