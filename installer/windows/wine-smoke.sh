#!/usr/bin/env bash
# `make windows-smoke`: try Stationmaster on a Windows Python under wine, from its source, then frozen, then the
# setup. Everything lies in build/wine; the prefix is ours alone, so that all in it can be ended at the end.
#   wine-smoke.sh [source] [console] [tray] [setup]    only these; all by default. BUILD=0 takes what is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
for program in wine wineserver x86_64-w64-mingw32-gcc; do
  if ! command -v "$program" >/dev/null; then echo "Skipped: $program is not installed."; exit 0; fi
done
place=$(pwd)/build/wine
export WINEPREFIX=$place/prefix WINEDEBUG=-all WINEDLLOVERRIDES=mscms=n
export PYINSTALLER_CONFIG_DIR="Z:${place//\//\\}\\cache"
trap 'wineserver -k >/dev/null 2>&1 || true' EXIT
parts=${*:-source console tray setup}

windows() { # wine wants a pipe for the output; nobody waits for its end, which an orphan may hold open
  timeout --kill-after=10 "${LIMIT:-1200}" wine "$@" </dev/null > >(cat) 2>&1
}
windows_python() { windows "$place/python/python.exe" "$@"; }
bundle() {
  if [ "${BUILD:-1}" = 1 ]; then
    windows_python -m PyInstaller --noconfirm --log-level ERROR --distpath build/wine/dist \
      --workpath build/wine/work build.spec -- "$1"
  fi
}

if [ "$place/.ready" -nt requirements.lock ]; then
  .venv/bin/python installer/windows/wine_python.py --again "$place"
else
  rm -rf "$place/python" "$place/prefix"
  .venv/bin/python installer/windows/wine_python.py "$place"
  touch "$place/.ready"
fi
for part in $parts; do
  echo "== $part"
  case $part in
    source) LIMIT=300 windows_python installer/windows/smoke.py "$place/python/python.exe" -P -m stationmaster ;;
    console)
      bundle console
      LIMIT=300 windows_python installer/windows/smoke.py "$place/dist/stationmaster.exe" ;;
    tray)
      bundle tray
      cp "$place/python/mscms.dll" "$place/dist/" # of wine, not of the product
      LIMIT=300 windows_python installer/windows/smoke.py --tray "$place/dist/stationmaster-tray.exe" ;;
    setup) .venv/bin/python installer/windows/try_setup.py "$place/dist" ;;
    *) echo "There is no part $part."; exit 2 ;;
  esac
  wineserver -k || true # what a step left running is no burden for the next one
done
echo "All of it works: $parts"
