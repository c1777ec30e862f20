import type { LeftOut, PlannedRecord, UnfinishedRun } from '../observe/observed.ts';
import type { ContainerRef } from './plan.ts';

/** What is written down on a machine, for whoever comes next. */
export type NotingStep =
  /** Of a release command that has ended: writes down that it ran, if it succeeded. */
  | {
      readonly kind: 'note-release';
      readonly container: ContainerRef;
      readonly file: string;
      readonly record: PlannedRecord;
    }
  /** `at` is put in when it is written. */
  | { readonly kind: 'note-run'; readonly file: string; readonly run: Omit<UnfinishedRun, 'at'> }
  | { readonly kind: 'end-run'; readonly file: string }
  /** The whole list, none: the file is removed; `at` of those that are new is put in when it is written. */
  | {
      readonly kind: 'note-left-out';
      readonly file: string;
      readonly leftOut: readonly (Omit<LeftOut, 'at'> & { readonly at?: string })[];
    }
  /** `image`: whose digest is written down as this run found it, where the record has none. */
  | {
      readonly kind: 'record-release';
      readonly file: string;
      /** With its time where it is another machine's. */
      readonly record: PlannedRecord & { readonly at?: string };
      readonly image?: string;
    }
  | { readonly kind: 'audit'; readonly file: string; readonly entries: readonly AuditEntry[] };

export interface AuditEntry {
  /** Destination and role, those that apply. */
  readonly tags: readonly string[];
  readonly text: string;
}
