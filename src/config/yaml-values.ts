import { isAlias, isMap, isScalar, isSeq, Scalar } from 'yaml';
import type { Alias, Node, Pair, YAMLMap } from 'yaml';
import { readPlain } from './scalars.ts';
import { isPlain, keyOf } from './yaml-keys.ts';

const deepest = 64;
const mostAliasedNodes = 100_000;

export interface Remarks {
  problem(node: Node | null, message: string): void;
  warning(node: Node | null, message: string): void;
}

/** Turns nodes into plain values: anchors, merge keys and words as Psych reads them; cycles and alias bombs are refused. */
export function createReader({ remarks, aliases }: { remarks: Remarks; aliases: Map<Alias, Node> }) {
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let aliasDepth = 0;
  let aliasedNodes = 0;
  let refused = false;
  let outermost: Alias | undefined;

  const refuse = (node: Node, message: string): null => {
    if (!refused) remarks.problem(outermost ?? node, message);
    refused = true;
    return null;
  };

  return read;

  function read(node: Node): unknown {
    if (refused) return null;
    if (isAlias(node)) return readAlias(node);
    if (aliasDepth > 0 && ++aliasedNodes > mostAliasedNodes) return refuse(node, 'its aliases expand to too much');
    if (open.size >= deepest) return refuse(node, `this is nested more than ${deepest} levels deep`);
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (node.tag !== undefined && !/^tag:yaml\.org,2002:(?!binary$)/.test(node.tag)) {
      const tag = node.tag.replace('tag:yaml.org,2002:', '!!');
      remarks.problem(node, `the tag \`${tag}\` is not read here; write the value out`);
      return null;
    }
    if (isScalar(node)) return readScalar(node);
    open.add(node);
    const value = isSeq(node) ? node.items.map((item) => read(item as Node)) : isMap(node) ? readMap(node) : null;
    open.delete(node);
    return value;
  }

  function readAlias(alias: Alias): unknown {
    const target = aliases.get(alias) ?? anchors.get(alias.source);
    if (target === undefined) return refuse(alias, `there is no anchor \`&${alias.source}\` above`);
    if (open.has(target)) return refuse(alias, `\`*${alias.source}\` stands inside of what it refers to`);
    aliases.set(alias, target);
    outermost ??= alias;
    aliasDepth++;
    const value = read(target);
    aliasDepth--;
    if (aliasDepth === 0) outermost = undefined;
    return value;
  }

  function readScalar(node: Scalar): unknown {
    const word = typeof node.value === 'string' ? node.value : '';
    if (node.type !== Scalar.PLAIN || node.tag === 'tag:yaml.org,2002:str') return word;
    const { value, surprise } = readPlain(word);
    if (surprise !== undefined && aliasDepth === 0) remarks.warning(node, surprise);
    return value;
  }

  function readMap(node: YAMLMap): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const written = new Set<string>();
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const key = keyOf(keyNode);
      if (key === undefined) {
        remarks.problem(keyNode, 'a key must be one word, not a list or a map');
      } else if (key === '<<' && isPlain(keyNode)) {
        mergeInto({ value, written, pair });
      } else if (key === '__proto__') {
        remarks.problem(keyNode, 'this key cannot be used');
      } else {
        if (written.has(key) && aliasDepth === 0) {
          remarks.warning(keyNode, `\`${key}\` stands twice in this map; the last one counts, as in Kamal`);
        }
        written.add(key);
        value[key] = pair.value === null ? null : read(pair.value as Node);
      }
    }
    return value;
  }

  /** As Psych: in the order written, so that a merge overrides the keys before it. */
  function mergeInto({
    value,
    written,
    pair,
  }: {
    value: Record<string, unknown>;
    written: Set<string>;
    pair: Pair;
  }): void {
    const source = pair.value as Node | null;
    const merged = source === null ? null : read(source);
    const parts = Array.isArray(merged) ? merged.toReversed() : [merged];
    for (const part of parts) {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) {
        if (!refused) remarks.problem(pair.key as Node, '`<<` merges a map, or a list of maps');
        return;
      }
      for (const key of Object.keys(part)) {
        if (!written.has(key)) continue;
        remarks.warning(
          pair.key as Node,
          `\`<<\` replaces \`${key}\` above, as in Kamal; write \`<<\` first to keep yours`,
        );
      }
      Object.assign(value, part);
    }
  }
}
