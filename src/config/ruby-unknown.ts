import { RubyProblem } from './ruby.ts';

/** Ruby that real files hold, and what does the same here. */
const known: readonly (readonly [RegExp, string])[] = [
  [/^(?:require|load|Dotenv|Bundler)\b/, 'set the variables before: set -a; . ./.env; set +a'],
  [/^(?:Kamal|SSHKit)\b/, 'write the value out'],
  [/^(?:Time|Date|DateTime|SecureRandom|rand)\b/, 'run a command, such as %x(date +%s)'],
  [/^(?:JSON|YAML|Psych|Rails|IO|Dir|Pathname|Open3|File|Shellwords)\b/, 'run a command that prints the value: %x(…)'],
  [/^(?:RUBY_\w+|Gem|RbConfig)\b/, 'write the version out, or take it from a variable: ENV["RUBY_VERSION"]'],
  [/^(?:system|exec|spawn)\b/, 'take what a command prints: %x(…)'],
  [/^(?:puts|print|p|_erbout)\b/, 'write <%= … %>'],
  [/^(?:and|or|not)\b/, 'write && || !'],
  [/^(?:=~|!~|=>|\/|match)/, 'compare with == or .start_with?("…")'],
  [/^(?:\d+\.)?\w+\s*(?:\+|-|\|\||&&)?=(?!=)/, 'write ENV["X"], with its default, where the value is used'],
  [/^(?:case|when|while|for|begin|def|class|loop|do)\b/, 'write <% if … -%> … <% end -%>'],
  [/^&?\.(?:each|map|times|collect|each_with_index|join|split)\b/, 'write the entries out'],
  [/^ENV\.(?:to_h|each|select|slice)/, 'write ENV["X"] for each variable'],
  [/^[[{]/, 'write lists and maps as YAML'],
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
