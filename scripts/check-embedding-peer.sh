#!/bin/sh
# Starts llama.cpp's server with an embedding model and a key, and runs the test that compares its answers with what w2s
# computes from the same file. The server is stopped whatever happens.
# usage: check-embedding-peer.sh LLAMA_SERVER TEST MODEL FOLDER
set -eu
llama_server=$1 test=$2 model=$3 folder=$4
key=sk-local-0123456789

[ -f "$model" ] || { echo "error: no $model; make embedding-model leaves it there" >&2; exit 1; }
mkdir -p "$folder"
log=$folder/server.log
rm -f "$log"

fail() {
  echo "error: $1" >&2
  tail -n 40 "$log" >&2
  exit 1
}

# A port of the system's choice. One text at a time and no flash attention, as in w2s: what differs then is rounding.
# One thread, because threads that wait for each other are slow beside other work.
"$llama_server" --embeddings --model "$model" --alias all-MiniLM-L6-v2 --api-key "$key" \
  --host 127.0.0.1 --port 0 --gpu-layers 0 --parallel 1 --flash-attn off --threads 1 >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
trap 'exit 1' HUP INT TERM

address=
tries=0
until [ -n "$address" ] && python3 - "$address/health" <<'GET'
import sys
import urllib.request

try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5)
except OSError:
    sys.exit(1)
GET
do
  kill -0 "$server" 2>/dev/null || fail "llama.cpp's server ended"
  tries=$((tries + 1))
  [ "$tries" -le 300 ] || fail "llama.cpp's server is not ready after $tries looks at it"
  sleep 0.2
  address=$(sed -n 's|.*listening on \(http://[0-9.]*:[0-9]*\).*|\1|p' "$log" | head -n 1)
done

echo "llama.cpp's server with $(basename "$model") at $address"
no_proxy=127.0.0.1 OPENAI_BASE_URL=$address/v1 OPENAI_API_KEY=$key W2S_EMBEDDING_PEER_URL=$address/v1 \
  W2S_EMBEDDING_PEER_MODEL=$model "$test" --topic embedding_peer
