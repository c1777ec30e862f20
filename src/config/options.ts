import * as z from 'zod';
import type { DockerOption } from './config.ts';
import { mapOf, shouldBe } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { problemWithOption, restartPolicy } from './option-values.ts';
import { warnAboutPublishOptions } from './published.ts';
import { isScalar, textOf } from './scalars.ts';
import type { Scalar } from './scalars.ts';
import type { Path } from './sheet.ts';

const optionForm = { type: ['string', 'number', 'boolean', 'null'] };
const optionValue = withForm(
  z.custom<Scalar | null | readonly (Scalar | null)[]>(
    (value) =>
      value === null ||
      isScalar(value) ||
      (Array.isArray(value) && value.every((item) => item === null || isScalar(item))),
    { error: (issue) => shouldBe('a value or a list of values', issue.input) },
  ),
  { anyOf: [optionForm, { type: 'array', items: optionForm }] },
);

/** Options of `docker run` by their long names. */
export const optionsSchema = mapOf(optionValue);

export type WrittenOptions = z.output<typeof optionsSchema>;

/** In the order written: `true` is a bare flag, a list repeats the option, an empty value is left out. */
export function resolveOptions(written: WrittenOptions | undefined, path: Path, findings: Findings): DockerOption[] {
  return Object.entries(written ?? {}).flatMap(([name, value]) => {
    const problem = problemWithName(name);
    if (problem !== undefined) findings.problemWithKey([...path, name], problem);
    return [value].flat().flatMap((item, index): DockerOption[] => {
      if (item === null) return [];
      const option = { name, value: item === true ? true : textOf(item as Scalar) } as const;
      const problemWithValue = problemWithOption(option);
      if (problemWithValue !== undefined) {
        findings.problem(Array.isArray(value) ? [...path, name, index] : [...path, name], problemWithValue);
      }
      return [option];
    });
  });
}

/** A container's options, with `restart` taken out of them. */
export function resolveContainerOptions(
  written: WrittenOptions | undefined,
  path: Path,
  findings: Findings,
): { options: DockerOption[]; restartPolicy: string } {
  const { restart = 'unless-stopped', ...others } = written ?? {};
  if (typeof restart !== 'string') {
    findings.problem([...path, 'restart'], 'this should be text; write "no", in quotes, for no restarts');
  } else if (restartPolicy.read(restart) === undefined) {
    findings.problem([...path, 'restart'], `this should be ${restartPolicy.shape}`);
  }
  const options = resolveOptions(others, path, findings);
  warnAboutPublishOptions(options, path, findings);
  return { options, restartPolicy: String(restart) };
}

function problemWithName(name: string): string | undefined {
  const long = name.replace(/^-+/, '').replaceAll('_', '-');
  if (/^[a-z0-9][a-z0-9-]+$/.test(name)) return undefined;
  return long.length > 1
    ? `Docker has no option \`--${name}\`; write \`${long}\``
    : `write the option by its long name; Docker has no \`--${name}\``;
}

export const optionsSample = `\
# Options of \`docker run\` for a role's containers, by their long names.
servers:
  web:
    hosts: [192.0.2.10]
    options:
      memory: 512m
      # A list repeats the option.
      cap-add: [NET_ADMIN]
      # true is an option without a value.
      init: true
      # no, always, unless-stopped (if not said), on-failure or on-failure:N.
      restart: always
`;
