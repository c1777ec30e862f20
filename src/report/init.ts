import { noColours, type Paint } from './paint.ts';

export interface InitResult {
  readonly written: readonly string[];
  readonly leftAlone: readonly string[];
  /** Whether the project has a Dockerfile. */
  readonly dockerfile: boolean;
  /** The port it exposes, where that went into the config file. */
  readonly appPort?: number;
}

/** What was written, what was there already, and what to do next. */
export function renderInit({ written, leftAlone, dockerfile, appPort }: InitResult, paint: Paint = noColours): string {
  return [
    ...written.map((file) => `${paint.green('wrote')} ${file}`),
    ...leftAlone.map((file) => `${paint.yellow('left alone')} ${file}: it was there`),
    ...(appPort === undefined ? [] : [`The Dockerfile exposes ${appPort}, so requests go to that port.`]),
    ...(dockerfile ? [] : [paint.yellow('There is no Dockerfile here yet; a deploy builds the image from it.')]),
    '',
    'Next: look through these files, then',
    `  ${paint.bold('longshore config')}   what they mean`,
    `  ${paint.bold('longshore setup')}    prepare the machines and deploy`,
  ].join('\n');
}
