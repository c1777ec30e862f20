import { wantedAccessories, type WantedAccessory } from '../../accessories/wanted.ts';
import type { Session } from '../session.ts';

/** The chosen accessories on their machines, with what this run has read of their certificates. */
export function wantedIn({ selected, routeFiles }: Pick<Session, 'selected' | 'routeFiles'>): WantedAccessory[] {
  return wantedAccessories(selected, selected.accessories, routeFiles.accessoryCertificates);
}
