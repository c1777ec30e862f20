/** What is done to the directories and files that an accessory mounts; what a file holds stands in no plan. */
export type FileStep =
  | { readonly kind: 'make-directory'; readonly path: string; readonly mode?: string; readonly owner?: string }
  /** Of the accessory's file called `local` here, or each file in it. `place` absent: its own. */
  | {
      readonly kind: 'upload-file';
      readonly path: string;
      readonly local: string;
      readonly mode: string;
      readonly owner?: string;
      readonly place?: 'beside';
    }
  /** `in`: what waits beside gets there, and what was there is kept; `back`: that is put back; `end`: it is kept no longer; `drop`: nothing waits any more. */
  | { readonly kind: 'swap-file'; readonly path: string; readonly way: 'in' | 'back' | 'end' | 'drop' };
