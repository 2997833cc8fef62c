#!/bin/sh
# The tests of `w2s serve` by a client that others wrote: OpenAI's for Python, unmodified. Ends with exit code 77 where
# that cannot be installed.
# usage: client-tests.sh W2S SERVE_EXAMPLE
set -eu
w2s=$1 serve_example=$2
cd "$(dirname "$0")/.."

if ! python=$(scripts/python-folder.sh tests/clients/requirements.txt); then
  echo "skipped: OpenAI's Python client cannot be installed here (it takes Python 3.11 or later, and PyPI)"
  exit 77
fi
export W2S="$w2s" W2S_SERVE_EXAMPLE="$serve_example" PYTHONPATH=tests/support PYTHONDONTWRITEBYTECODE=1
# Whatever proxy or account is set up for other servers.
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_ORG_ID OPENAI_PROJECT_ID
exec "$python/python3" -m unittest tests/clients/openai_client_test.py
