import { shortNames } from '../plan/describe.ts';
import { plainReporter } from './plain.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/** Plain lines for GitHub Actions, where a task or a stage folds away and a warning is an annotation. */
export function actionsReporter(options: ReporterOptions): Reporter {
  const plain = plainReporter(options);
  let isOpen = false;

  function command(text: string): void {
    options.stream.write(`::${text}\n`);
  }

  /** Groups cannot hold groups, so one ends where the next begins. */
  function endGroup(): void {
    if (isOpen) command('endgroup::');
    isOpen = false;
  }

  function startGroup(title: string): void {
    endGroup();
    command(`group::${title}`);
    isOpen = true;
  }

  return {
    ...plain,
    emit(event) {
      switch (event.type) {
        case 'task-started':
          return startGroup(shortNames(event.task));
        case 'stage-started':
          return startGroup(event.stage);
        case 'warning':
          return command(`warning::${escaped(event.text)}`);
        case 'task-ended':
        case 'plan-ended':
          endGroup();
          return plain.emit(event);
        case 'diagnosis':
          endGroup();
          plain.emit(event);
          return command(
            `error::${escaped(`${event.diagnosis.host} ${event.diagnosis.role}: ${event.diagnosis.what}`)}`,
          );
        default:
          return plain.emit(event);
      }
    },
    close() {
      endGroup();
      return plain.close();
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
