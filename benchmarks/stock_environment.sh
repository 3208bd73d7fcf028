#!/bin/sh
# Makes var/stock: stock Rasa 3.6.21 with TensorFlow on Python 3.10, for benchmarks and
# for tests/compat/make_stock_record.py. About 2.7 GB; does nothing when it is there.
set -eu
cd "$(dirname "$0")/.."
HOME=${HOME:-/nonexistent}
STOCK=var/stock

stop() {
	echo "stock_environment: $*" >&2
	exit 1
}

works() {
	"$1" -c 'import sys, ssl, sqlite3, venv; assert sys.version_info[:2] == (3, 10)' \
		2>/dev/null
}

if [ -x "$STOCK/bin/rasa" ] && "$STOCK/bin/python" -c 'import rasa' 2>/dev/null; then
	exit 0
fi

PYTHON=
for candidate in "${STOCK_PYTHON:-}" python3.10 \
	"${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python3.10 \
	"$HOME"/.pyenv/versions/3.10*/bin/python3.10 /usr/local/bin/python3.10; do
	if [ -n "$candidate" ] && works "$candidate"; then
		PYTHON=$candidate
		break
	fi
done
[ -n "$PYTHON" ] ||
	stop "stock Rasa needs Python 3.10: 'pyenv install 3.10' (or 'uv python install 3.10' and STOCK_PYTHON=<its path>), then the same command again."

mkdir -p var/log
rm -rf "$STOCK"
"$PYTHON" -m venv "$STOCK"
echo "stock_environment: Rasa 3.6.21 and TensorFlow into $STOCK, some minutes" >&2
# setuptools < 80: Rasa imports pkg_resources.
if ! "$STOCK/bin/python" -m pip install --quiet --upgrade pip wheel 'setuptools<80' \
	>var/log/stock.log 2>&1 ||
	! "$STOCK/bin/python" -m pip install --quiet 'rasa==3.6.21' 'setuptools<80' \
		>>var/log/stock.log 2>&1; then
	rm -rf "$STOCK"
	stop "the installation failed; see var/log/stock.log."
fi
"$STOCK/bin/python" -W ignore -c 'import rasa, tensorflow' 2>>var/log/stock.log ||
	stop "the installation is incomplete; see var/log/stock.log."
