import type { BootFacts } from './host.ts';
import type { Shell } from './shell.ts';

/** Asks the machine what it has and does when it comes up; what it cannot say is left out. */
export async function readBootFacts(shell: Shell): Promise<BootFacts> {
  const lines = (await shell.ask('read how it comes up', script)).split('\n').map((line) => line.split(' '));
  const said = (key: string) => lines.filter(([word]) => word === key).map(([, ...words]) => words);
  const [first = []] = said('docker');
  const ahead = Object.fromEntries(said('ahead').map(([family = '', value]) => [family, value === '1']));
  const tunnels = said('tunnel').flat();
  return {
    addresses: said('address').map(([device = '', address = '']) => ({
      address: address.replace(/\/.*/, ''),
      device,
      isTunnel: tunnels.includes(device),
    })),
    bindsAhead: ahead,
    init: said('init').flat().join(' '),
    ...(first[0] === undefined || first[0] === 'not-found'
      ? {}
      : { docker: { enabled: first[1] ?? '', after: said('after').flat() } }),
  };
}

/** What is ordered before Docker is followed to the end, as one unit may wait for another. `-.mount` is a unit's name too. */
const script = `PATH=$PATH:/usr/sbin:/sbin
if command -v ip >/dev/null 2>&1; then ip -o addr show | awk '{ print "address", $2, $4 }'
else hostname -I | tr ' ' '\\n' | sed -n 's/^./address - &/p'; fi
for at in /sys/class/net/*; do
  if [ -e "$at/tun_flags" ] || grep -q '^DEVTYPE=wireguard' "$at/uevent" 2>/dev/null; then echo "tunnel \${at##*/}"; fi
done
for family in ipv4 ipv6; do
  value=$(cat /proc/sys/net/$family/ip_nonlocal_bind 2>/dev/null) && echo "ahead $family $value"
done
echo "init $(cat /proc/1/comm)"
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; then
  set -f
  show() { systemctl show --value --property "$@" 2>/dev/null; }
  echo "docker $(show LoadState -- docker.service) $(show UnitFileState -- docker.service)"
  all= found=$(show After -- docker.service)
  for step in 1 2 3 4 5 6 7 8; do
    before=$all
    all=$(printf '%s\\n' $all $found | sort -u)
    [ "$all" != "$before" ] || break
    found=$(show After -- $all)
  done
  echo after $all
fi
:`;
