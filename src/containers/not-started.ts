/** What Docker says of a container that it could not start, and what that means. */

const notAssigned = /\bcannot assign requested address\b/;
/** `listen tcp4 192.0.2.11:5432: bind: …`, and since Docker 28 `bind host port 192.0.2.11:5432/tcp: …`. */
const socket = /(?:listen (?:tcp|udp|sctp)[46]?|host port(?: for)?) (?:\[([^\]]+)\]|([^\s:]+)):(\d+)/;

/** The address that the machine did not have when Docker wanted to listen there; undefined when that was not the reason. */
export function missingAddress(error: string): string | undefined {
  return notAssigned.test(error) ? socketIn(error)?.address : undefined;
}

/**
 * Docker's reason in plain words, its own where it has another; it does not try again by itself.
 * @param addresses what the machine has now; undefined when nobody asked
 */
export function whyNotStarted(error: string, addresses: readonly string[] | undefined): string {
  const address = missingAddress(error);
  if (address !== undefined) {
    const gone = `${address} was missing on the machine when Docker tried to start it`;
    if (addresses === undefined) return gone;
    return addresses.includes(address)
      ? `${gone}, and is there again`
      : `${address} is missing on the machine, as it was when Docker tried to start it`;
  }
  const taken = /address already in use|port is already allocated/.test(error) ? portIn(error) : undefined;
  return taken === undefined
    ? `Docker could not start it: ${error}`
    : `${taken} was taken by something else when Docker tried to start it`;
}

function socketIn(error: string): { address: string; port: string } | undefined {
  const [, ipv6, ipv4, port] = socket.exec(error) ?? [];
  const address = ipv6 ?? ipv4;
  return address === undefined || port === undefined ? undefined : { address, port };
}

function portIn(error: string): string | undefined {
  const found = socketIn(error);
  if (found !== undefined) return `the port ${found.port} of ${found.address}`;
  const bound = /Bind for (\S+):(\d+) failed/.exec(error);
  return bound === null ? undefined : `the port ${bound[2]} of ${bound[1]}`;
}
