import type { ObservedPort } from './observed.ts';

/** The kernel's lists of sockets, which everybody on a machine may read. */
export const socketLists = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => `/proc/net/${name}`);

/** Where somebody listens, by these lists' texts. */
export function parseListening(files: Readonly<Record<string, string>>): ObservedPort[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const protocol = path.includes('udp') ? 'udp' : 'tcp';
    // A UDP socket that waits for anybody is `closed` to the kernel, as it has no other end.
    const state = protocol === 'udp' ? '07' : '0A';
    return text.split('\n').flatMap((line): ObservedPort[] => {
      const [, local = '', , is] = line.trim().split(/\s+/);
      const [, address = '', port = ''] = /^([0-9A-F]+):([0-9A-F]{4})$/i.exec(local) ?? [];
      return is === state && address !== ''
        ? [{ address: addressOf(address), port: Number.parseInt(port, 16), protocol }]
        : [];
    });
  });
}

/** Words of four bytes, each with its lowest byte first. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => `${bytes[index * 2]}${bytes[index * 2 + 1]}`);
  const mapped = /^(?:0000){5}ffff/i.test(groups.join('')) ? bytes.slice(12) : undefined;
  if (mapped !== undefined) return mapped.map((byte) => Number.parseInt(byte, 16)).join('.');
  return groups.every((group) => group === '0000') ? '::' : groups.join(':').toLowerCase();
}
