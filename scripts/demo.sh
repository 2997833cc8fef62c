#!/bin/sh
# The main job on the default model and two behaviours that w2s carries: at which layer is each prompt steered best?
# usage: demo.sh W2S_PROGRAM MODEL FOLDER
set -eu
program=$1 model=$2 folder=$3

"$program" run --model "$model" --data builtin:positive-review --data builtin:optimistic-outlook \
  --multipliers -1,0,1 -o "$folder"

# A program that was built without its pages says so.
if page=$("$program" report "$folder"); then
  printf '\nIn pictures: %s\n' "$page"
fi

cat <<END

Those were two behaviours of a small model, with three multipliers. The whole built-in study, or your own model and data:
  $program run -m $model --data builtin:all -o build/builtin
  $program run -m MODEL.gguf --data PAIRS.jsonl -o RESULTS
END
