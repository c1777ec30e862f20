import type { Values } from './config.ts';
import { oneOf } from './fields.ts';

/** Longshore's own key: how values reach the containers. */
export const valuesSchema = oneOf<Values>(['kamal', 'exact']);

export const valuesSample = `\
# Longshore's own, for apps that Kamal deployed before: how values reach the containers. exact, as they are written; or kamal, as
# Kamal 2.12 delivers them, with line breaks as \\n and more (see docs/coming-from-kamal.md). Where the two differ for a value, the first
# deploy over a container that Kamal made stops until one is said; without such a container it is exact.
values: exact
`;
