#!/bin/sh
# The end-to-end tests of the pages, in Chromium without a window: the system's, or the program that W2S_CHROMIUM names.
# Ends with exit code 77 where there is none.
# FOLDER_OF_PAGES is what report_example_pages made, SERVE_EXAMPLE what serve_example did; PROGRAM is w2s.
# usage: browser-tests.sh FOLDER_OF_PAGES PROGRAM SERVE_EXAMPLE FOLDER_FOR_SCREENSHOTS
set -eu
scripts=$(cd "$(dirname "$0")" && pwd)
export W2S_PAGES="$1" W2S_PROGRAM="$2" W2S_SERVE_EXAMPLE="$3" W2S_SCREENSHOTS="$4"

for name in chromium chromium-browser google-chrome; do
  if [ -z "${W2S_CHROMIUM:-}" ]; then W2S_CHROMIUM=$(command -v "$name" || true); fi
done
if [ -z "$W2S_CHROMIUM" ]; then
  echo "skipped: there is no Chromium (W2S_CHROMIUM can name one)"
  exit 77
fi
export W2S_CHROMIUM
mkdir -p "$W2S_SCREENSHOTS"
exec "$scripts/npm.sh" run --silent test:browser
