import { RubyProblem } from './ruby.ts';

/** Ruby that real files hold, and what does the same here. */
const known: readonly (readonly [RegExp, string])[] = [
  [/^Rails\.env\b/, 'write ENV["RAILS_ENV"]'],
  [
    /^(?:Rails|credentials)\b/,
    'name a secret under env.secret, and write in .kamal/secrets: NAME=$(bin/rails runner "puts …")',
  ],
  [/^require(?:_relative)?\b\s*\(?["'](?!dotenv)/, 'take it out; nothing here needs a library'],
  [/^(?:require|load|Dotenv|Bundler)\b/, 'set the variables before: set -a; . ./.env; set +a'],
  [/^(?:Kamal|SSHKit)\b/, 'write the value out'],
  [/^(?:Time|Date|DateTime|SecureRandom|rand)\b/, 'run a command, such as %x(date +%s)'],
  [/^(?:Etc|Socket)\b/, 'run a command, such as %x(whoami) or %x(hostname)'],
  [/^JSON\b/, 'run a command that prints the value: %x(jq -r .key file.json)'],
  [/^(?:YAML|Psych)\b/, 'run a command that prints the value: %x(yq -r .key file.yml)'],
  [/^(?:Dir|Pathname)\b/, 'write the names out, or run a command that prints the value: %x(…)'],
  [/^File\.(?:read|exist|exists)\b/, 'write File.read("file") of a file in the project'],
  [/^(?:IO|Open3|File|Shellwords|URI|Net|Base64|Digest|OpenSSL)\b/, 'run a command that prints the value: %x(…)'],
  [/^(?:RUBY_\w+|Gem|RbConfig)\b/, 'write the version out, or take it from a variable: ENV["RUBY_VERSION"]'],
  [/^(?:system|exec|spawn)\b/, 'take what a command prints: %x(…)'],
  [/^(?:puts|print|p|_erbout)\b/, 'write <%= … %>'],
  [/^(?:Integer|Float|String|Array)\b/, 'leave it away: a value is put into the file as it is'],
  [/^(?:and|or|not)\b/, 'write && || !'],
  [/^(?:=~|!~|=>|\/|match)/, 'compare with == or .start_with?("…")'],
  [/^<<[~-]?["'`]?[A-Za-z_]/, 'write the text as YAML, after a |'],
  [/^(?:\d+\.)?\w+\s*(?:\+|-|\|\||&&)?=(?!=)/, 'write ENV["X"], with its default, where the value is used'],
  [/^ENV\[[^\]]*\]\s*(?:\|\||&&)?=(?!=)/, 'set the variable before, or write ENV["X"] || "default" where it is used'],
  [/^(?:\|\||&&)=/, 'set the variable before, or write ENV["X"] || "default" where it is used'],
  [/^(?:case|when|while|for|begin|def|class|loop|do|lambda|->|proc)\b|^->/, 'write <% if … -%> … <% end -%>'],
  [
    /^&?\.(?:each|map|flat_map|select|reject|times|collect|each_with_index|join|split|sort|uniq|compact|zip|to_a|to_h)\b/,
    'write the entries out',
  ],
  [
    /^&?\.(?:gsub|sub|tr|delete|squeeze|slice|first|last|match|scan|dig|to_json|to_yaml)\b/,
    'let a command do it: %x(…)',
  ],
  [
    /^&?\.(?:to_i|to_f|to_sym|to_s|freeze|dup|html_safe|inspect)\b/,
    'leave it away: a value is put into the file as it is',
  ],
  [/^ENV\.(?:to_h|each|select|slice|values_at|dig)/, 'write ENV["X"] for each variable'],
  [/^\[/, 'write the value out, or cut it in a command: %x(git rev-parse --short=7 HEAD)'],
  [/^(?:%[wiWI]|\{)/, 'write lists and maps as YAML'],
  [/^;/, 'put each part in a tag of its own'],
];

/** What is said of Ruby that is not read here: which, and what to write instead. */
export function notRead(code: string, offset: number): RubyProblem {
  const rest = code.slice(offset);
  const instead = known.find(([pattern]) => pattern.test(rest))?.[1];
  if (rest.trim() === '') return new RubyProblem(Math.max(0, code.trimEnd().length - 1), 'this Ruby ends too early');
  const what = /^&?\.?[\w:?!.]+|^\S/.exec(rest)?.[0].slice(0, 40) ?? '';
  return new RubyProblem(
    offset,
    `\`${what}\` is Ruby that is not read here; ${instead ?? 'write the value out'}, or render with Ruby: --erb ruby`,
  );
}
