import { Failure } from '../errors.ts';
import { excerptOf } from './sheet.ts';

/** The YAML that a file's text stands for. Throws `config-invalid` for Ruby templates (ERB), which are not rendered yet. */
export function render(file: string, text: string): string {
  const offset = text.indexOf('<%');
  if (offset === -1) return text;
  const before = text.slice(0, offset).split('\n');
  const line = before.length;
  const column = (before.at(-1) ?? '').length + 1;
  const place = { sheet: { file, lines: text.split(/\r?\n/) }, line, column };
  throw new Failure('config-invalid', `${file}:${line}: Ruby templates (<% … %>) are not read yet`, {
    details: excerptOf(place),
    hint: `Write the value out, or render the file first: erb ${file} > deploy.rendered.yml`,
  });
}
