import { Failure } from '../errors.ts';
import { quote, quoteAll } from '../processes/quote.ts';
import type { DockerWay } from './docker-channels.ts';
import type { AssetSync } from './host.ts';
import type { ShellPool } from './shell-pool.ts';

/** Assets may be large and disks slow. */
const syncSeconds = 600;
const isNotThere = 3;

/** See `Host.syncAssets`. */
export async function syncAssets(
  shells: ShellPool,
  way: DockerWay,
  { name, sync }: { name: string; sync: AssetSync },
): Promise<string[]> {
  const { exitStatus, stdout, stderr } = await shells
    .idle()
    .run(`sync the assets of ${sync.own.name}`, syncScript(way.command, sync), syncSeconds);
  if (exitStatus === 0) return stdout.split('\n').filter((line) => line !== '');
  const details = stderr.trim().split('\n');
  if (exitStatus === isNotThere) {
    throw new Failure('image-mismatch', `${name}: ${sync.own.image} has no directory ${sync.path}`, {
      details,
      hint: 'asset_path names a directory of the image: correct it, or see that the build makes it.',
    });
  }
  throw new Failure('host-command-failed', `${name}: could not sync the assets of ${sync.own.name}`, { details });
}

function syncScript(docker: string, { directory, temporaryContainer, path, own, others }: AssetSync): string {
  const name = quote(own.name);
  const lines = (line: (other: AssetSync['others'][number]) => string | false) =>
    others.flatMap((other) => line(other) || []).join('\n');
  const extracted = (directoryName: string) => `[ -d "$assets/extracted/"${quote(directoryName)} ]`;
  return `engine() { ${docker} "$@"; }
assets=$PWD/${quote(directory)} temporary=${quote(temporaryContainer)} path=${quote(path)}
${functions}
mkdir -p "$assets/extracted" "$assets/volumes" "$assets/partial" || exit 1
find "$assets/partial" -mindepth 1 -maxdepth 1 -mmin +60 -exec rm -rf {} +
work=$(mktemp -d "$assets/partial/XXXXXXXX") || exit 1
export work
trap 'rm -rf "$work"' EXIT
${own.anew ? '' : `${extracted(own.name)} || `}extract ${quoteAll([own.name, own.image])} || exit
${lines((other) => other.isUp && `${extracted(other.name)} || extract ${quoteAll([other.name, other.image])} 2>/dev/null`)}
fill ${name} || exit 1
${lines((other) => `bridge ${quote(other.name)} ${name}`)}
${lines((other) => other.isUp && `bridge ${name} ${quote(other.name)}`)}
exit 0`;
}

/**
 * What is extracted is put in place whole, by one rename, so that a cut leaves nothing half. Only what every machine's shell has, BusyBox
 * included: `cp -n` ends differently from one coreutils to the next, so what is there already is looked for.
 */
const functions = `extract() {
  engine rm -f -v "$temporary" >/dev/null 2>&1
  id=$(engine create --name "$temporary" --network none "$2" true) && new=$(mktemp -d "$work/XXXXXXXX") || return 1
  said=$({ { engine cp "$id:$path/." - 2>"$work/why"; echo "engine $?" >&3; } | tar -xof - -C "$new" >/dev/null 2>"$work/tar"; echo "tar $?" >&3; } 3>&1)
  engine rm -f -v "$id" >/dev/null
  case $said in
  *'engine 0'*) ;;
  *)
    cat "$work/why" >&2
    grep -Eqi 'could not find|no such (file|container:path)|not a directory' "$work/why" && return ${isNotThere}
    return 1
    ;;
  esac
  case $said in *'tar 0'*) ;; *) cat "$work/tar" >&2; return 1 ;; esac
  chmod -R u+rwX,go+rX "$new" && place "$new" "$assets/extracted/$1"
}
place() {
  if [ -e "$2" ]; then mv "$2" "$work/\${1##*/}.before" || return 1; fi
  mv "$1" "$2" || return 1
  # A run that nobody waits for any more was faster, so it went in there.
  rm -rf "$2/\${1##*/}"
}
fill() {
  if [ -d "$assets/volumes/$1" ]; then share own "$assets/extracted/$1" "$assets/volumes/$1"; return; fi
  copy=$(mktemp -d "$work/XXXXXXXX") && chmod 755 "$copy" && cp -RPp "$assets/extracted/$1/." "$copy/" && place "$copy" "$assets/volumes/$1"
}
bridge() {
  [ -d "$assets/extracted/$1" ] && [ -d "$assets/volumes/$2" ] || return 0
  share others "$assets/extracted/$1" "$assets/volumes/$2" 2>"$work/why" || echo "not all of $1 is in the assets of $2: $(head -n 1 "$work/why")"
}
share() {
  rm -f "$work/failed"
  (cd "$2" && find . -type d -exec sh -c "$walk" sh "$1" "$3" {} +) && [ ! -e "$work/failed" ]
}
walk='
whose=$1 to=$2
shift 2
clear_way() {
  at=$1
  while [ "$at" != . ]; do
    if [ -L "$to/$at" ] || { [ -e "$to/$at" ] && [ ! -d "$to/$at" ]; }; then return 1; fi
    at=\${at%/*}
  done
}
put() {
  if [ -L "$to/$1" ]; then rm -f "$to/$1"; fi
  rm -f "$work/file" && cp -Pp "$1" "$work/file" && mv -f "$work/file" "$to/$1"
}
put_all() {
  if [ "$whose" = others ] && ln "$@" "$to/$directory/" 2>/dev/null; then return 0; fi
  for file; do
    if [ "$whose" = others ] && { [ -e "$to/$file" ] || [ -L "$to/$file" ]; }; then continue; fi
    put "$file" || : >"$work/failed"
  done
}
walk() {
  directory=$1
  clear_way "$directory" || return 0
  mkdir -p "$to/$directory" || { : >"$work/failed"; return 0; }
  set --
  for file in "$directory"/* "$directory"/.[!.]* "$directory"/..?*; do
    if [ -L "$file" ]; then
      [ "$whose" = own ] && [ "$(readlink "$file")" = "$(readlink "$to/$file" 2>/dev/null)" ] && continue
    elif [ -f "$file" ]; then
      [ "$whose" = own ] && [ ! -L "$to/$file" ] && cmp -s "$file" "$to/$file" && continue
    else
      continue
    fi
    [ -d "$to/$file" ] && [ ! -L "$to/$file" ] && continue
    if [ "$whose" = others ] && { [ -e "$to/$file" ] || [ -L "$to/$file" ]; }; then continue; fi
    set -- "$@" "$file"
    if [ $# -ge 200 ]; then put_all "$@"; set --; fi
  done
  if [ $# -gt 0 ]; then put_all "$@"; fi
}
for one; do walk "$one"; done
'`;
