#!/bin/sh
# Install tradebot from this folder: no compiler, no root, nothing outside the chosen folder and one link.
# Our own wheels come from here, checked against SHA256SUMS; the rest from PyPI, each file checked against its hash.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
prefix=${XDG_DATA_HOME:-${HOME:?HOME must be set}/.local/share}/tradebot-program
bindir=${BINDIR:-${XDG_BIN_HOME:-$HOME/.local/bin}}
console=1 ops=0

say() { printf 'tradebot: %s\n' "$*" >&2; }
usage() {
  say "usage: install.sh [--prefix FOLDER] [--bindir FOLDER] [--without-console] [--with-ops]"
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -gt 1 ] || usage; prefix=$2; shift ;;
    --bindir) [ $# -gt 1 ] || usage; bindir=$2; shift ;;
    --without-console) console=0 ;;
    --with-ops) ops=1 ;;
    *) usage ;;
  esac
  shift
done

cd "$here"
if command -v sha256sum >/dev/null 2>&1; then check="sha256sum -c"; else check="shasum -a 256 -c"; fi
if ! $check SHA256SUMS >/dev/null 2>&1; then
  say "a file of this folder is not as it was made: fetch it again ($check SHA256SUMS names it)"
  exit 1
fi

python=$(./find-python 3.12 | head -n 1)
if [ -z "$python" ]; then
  say "Python >= 3.12 is missing: 'apt install python3.12 python3.12-venv', 'brew install python@3.12' or 'pyenv install 3.12'"
  exit 3
fi

link=$bindir/tradebot
if [ -e "$link" ] && [ "$(readlink "$link" || true)" != "$prefix/bin/tradebot" ]; then
  say "$link exists and is not ours: remove it, or choose another folder with --bindir"
  exit 1
fi

# Built beside the old one and put in its place when whole: a broken download leaves what works alone.
fresh=$prefix.new
rm -rf "$fresh"
trap 'rm -rf "$fresh"' EXIT
trap 'exit 130' INT TERM
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV || true
mkdir -p "$(dirname -- "$prefix")"
if ! "$python" -m venv "$fresh" >/dev/null 2>&1; then
  say "$python cannot make an environment: 'apt install python3-venv'"
  exit 3
fi

pip() { "$fresh/bin/python" -m pip --quiet install --only-binary :all: "$@"; }
lists="requirements.txt"
[ "$console" = 1 ] || lists="requirements-headless.txt"
[ "$ops" = 0 ] || lists="$lists requirements-ops.txt"
wheels="tradebot_native-*.whl tradebot_data-*.whl tradebot_engine-*.whl"
[ "$console" = 0 ] || wheels="$wheels tradebot_console-*.whl tradebot-*.whl"
say "fetching what tradebot needs from PyPI"
for list in $lists; do
  pip --require-hashes --requirement "$list" || { say "PyPI did not give all of $list; nothing was changed"; exit 1; }
done
# shellcheck disable=SC2086  (a list of patterns)
pip --no-index --no-deps $wheels || { say "these wheels are for another kind of machine: build them there with 'make dist'"; exit 1; }

# An environment names its own place in each script: write them for where it will be.
for script in "$fresh"/bin/*; do
  if [ -f "$script" ] && [ ! -L "$script" ] && grep -Iq "$fresh" "$script"; then
    sed "s|$fresh|$prefix|g" "$script" >"$script.new" && chmod 755 "$script.new" && mv "$script.new" "$script"
  fi
done
old=$prefix.old
rm -rf "$old"
[ ! -d "$prefix" ] || mv "$prefix" "$old"
mv "$fresh" "$prefix"
rm -rf "$old"
mkdir -p "$bindir"
ln -sf "$prefix/bin/tradebot" "$link"
say "$("$link" --version) in $prefix; $link starts it"
case :$PATH: in
  *:"$bindir":*) ;;
  *) say "$bindir is not on the PATH: add it, or call $link" ;;
esac
