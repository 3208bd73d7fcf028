#!/bin/sh
# Sets up tools, Python and packages: finds a Python 3.13 or 3.12 and uv, then fills
# .venv from uv.lock. Called by the Makefile; does no harm when called again.
set -eu
cd "$(dirname "$0")/.."
HOME=${HOME:-/nonexistent}

UV_REQUIREMENT='uv==0.13.*'
TOOLS=var/tools

stop() {
	echo "setup: $*" >&2
	exit 1
}

# A name on PATH proves nothing (a pyenv shim may exist and not work): run it.
# Prints the interpreter's own path if it is a usable 3.13 or 3.12.
real_python() {
	"$1" -c '
import sys, ssl, sqlite3, venv
if (3, 12) <= sys.version_info[:2] <= (3, 13):
    print(sys.executable)
' 2>/dev/null || true
}

find_python() {
	for candidate in \
		"${CLINIC_PYTHON:-}" python3.13 python3.12 python3 \
		"${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python \
		"${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python \
		"$HOME"/.pyenv/versions/3.13*/bin/python \
		"$HOME"/.pyenv/versions/3.12*/bin/python \
		/usr/local/bin/python3.13 /usr/local/bin/python3.12 \
		/opt/homebrew/bin/python3.13 /opt/homebrew/bin/python3.12; do
		[ -n "$candidate" ] || continue
		found=$(real_python "$candidate")
		if [ -n "$found" ]; then
			echo "$found"
			return
		fi
	done
}

find_uv() {
	if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
		command -v uv
	elif [ -x "$TOOLS/bin/uv" ] && "$TOOLS/bin/uv" --version >/dev/null 2>&1; then
		echo "$TOOLS/bin/uv"
	fi
}

# Any Python 3.8 or newer can install uv; the project's own is taken first.
install_uv() {
	for base in "$PYTHON" python3 /usr/bin/python3; do
		[ -n "$base" ] || continue
		"$base" -c 'import sys; assert sys.version_info >= (3, 8)' 2>/dev/null || continue
		rm -rf "$TOOLS"
		if ! "$base" -m venv "$TOOLS" >var/log/setup.log 2>&1 ||
			! "$TOOLS/bin/python" -m pip --version >>var/log/setup.log 2>&1; then
			rm -rf "$TOOLS"
			continue
		fi
		echo "setup: installing uv into $TOOLS" >&2
		"$TOOLS/bin/python" -m pip install --quiet "$UV_REQUIREMENT" \
			>>var/log/setup.log 2>&1 ||
			stop "uv could not be installed; see var/log/setup.log, check the network, and run the same command again."
		return
	done
	stop "no uv, and no Python that can install it. As root: apt-get install python3-venv python3-pip (or install uv yourself), then run the same command again."
}

mkdir -p var/log || stop "the folder var can't be written; check who owns it."
PYTHON=$(find_python)
UV=$(find_uv)
if [ -z "$UV" ]; then
	install_uv
	UV="$TOOLS/bin/uv"
fi

if [ -n "$PYTHON" ]; then
	echo "setup: $("$PYTHON" --version) at $PYTHON" >&2
	UV_PYTHON_DOWNLOADS=never
else
	PYTHON=3.13
	echo "setup: no Python 3.13 or 3.12 here; uv gets one" >&2
	UV_PYTHON_DOWNLOADS=automatic
	export UV_PYTHON_DOWNLOADS
	"$UV" python find "$PYTHON" >/dev/null 2>&1 || "$UV" python install "$PYTHON" ||
		stop "uv could not get Python 3.13 (the reason is above). Install Python 3.13 or 3.12 yourself, or name one: CLINIC_PYTHON=/path/to/python3.13, then run the same command again."
fi
export UV_PYTHON_DOWNLOADS
# An environment that other tools have made active is not ours.
unset VIRTUAL_ENV
UV_PROJECT_ENVIRONMENT=.venv
export UV_PROJECT_ENVIRONMENT
# A working .venv keeps its Python: the second set-up then only adds what changed.
if [ -x .venv/bin/python ] && [ -n "$(real_python .venv/bin/python)" ]; then
	PYTHON=.venv/bin/python
fi

echo "setup: packages into .venv (a few minutes the first time)" >&2
"$UV" sync --locked --python "$PYTHON" ||
	stop "the packages could not be installed (the reason is above). Check the network and that uv.lock fits pyproject.toml, then run the same command again."
.venv/bin/python -c 'import components.compat, yaml, rich' ||
	stop ".venv is incomplete. Remove the folder .venv and run the same command again."
echo "setup: done" >&2
