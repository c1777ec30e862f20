# A copy of examples/hello as a git repository of its own, and the commits of the story. Sourced by bin/demo.
# shellcheck shell=bash

app_starts() {
  rm -rf "$app"
  mkdir -p "$app" "$demo_dir/bin"
  cp -R "$root/examples/hello/." "$app"
  ln -sf "$root/bin/run.js" "$demo_dir/bin/longshore"
  # Where the sandbox's own files are, and what kind of machine this is, may differ from the example's.
  edit config/deploy.yml "s#~/.local/state/longshore/sandbox/ssh_config#$SANDBOX_SSH_CONFIG#"
  case $(uname -m) in arm64 | aarch64) edit config/deploy.yml 's/arch: amd64/arch: arm64/' ;; esac
  cd "$app"
  git init -q .
  git config user.name 'Ann Deployer'
  git config user.email ann@example.com
  git config commit.gpgsign false
  commit 'A small web app and a worker'
}

# commit TEXT: all that was edited; $version is its id.
commit() {
  git add -A
  git commit -q --allow-empty -m "$1"
  version=$(git rev-parse HEAD)
  printf '%s$ git commit -m "%s"%s   → %s\n' "$cyan" "$1" "$plain" "$(short "$version")"
}

mend() { git revert --no-edit HEAD >/dev/null; }

short() { printf '%.7s' "$1"; }

# edit FILE SCRIPT, in place wherever sed is from.
edit() {
  sed "$2" "$app/$1" >"$app/$1.new"
  cat "$app/$1.new" >"$app/$1"
  rm "$app/$1.new"
}

# prepend FILE TEXT
prepend() {
  { printf '%s\n' "$2" && cat "$app/$1"; } >"$app/$1.new"
  mv "$app/$1.new" "$app/$1"
}
