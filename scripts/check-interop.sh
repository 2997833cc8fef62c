#!/bin/sh
# Exports steering vectors of a real model, gives them to llama.cpp's own program, and compares all next-token logits
# with those of w2s. One token, because llama.cpp steers every token of a prompt.
# usage: check-interop.sh W2S LLAMA_DEBUG ONE_TOKEN_LOGITS MODEL FOLDER
set -eu
w2s=$1 llama_debug=$2 one_token_logits=$3 model=$4 folder=$5

# Both compute in F32, keys and values too, on the CPU; what is left is how sums are rounded, of logits of about 20.
tolerance=1e-4
scale=1.5
prompt=Hello

# Logits of llama.cpp's program, into a folder: a .bin of floats, and the tokens.
llama_logits() {
  into=$1
  shift
  rm -rf "$into"
  "$llama_debug" -m "$model" -p "$prompt" --save-logits --logits-output-dir "$into" -ngl 0 -c 256 \
    --cache-type-k f32 --cache-type-v f32 --flash-attn off --no-warmup "$@" >"$into.log" 2>&1 ||
    { cat "$into.log" >&2; exit 1; }
}

mkdir -p "$folder"
"$w2s" vectors --quiet -m "$model" --data builtin:positive-review --limit 20 --method caa -o "$folder/vectors.gguf" \
  >/dev/null
"$w2s" export --quiet "$folder/vectors.gguf" -o "$folder/control.gguf"
llama_logits "$folder/plain"
llama_logits "$folder/steered" --control-vector-scaled "$folder/control.gguf:$scale"

name=llamacpp-$(basename "$model" .gguf)
tokens=$folder/steered/$name-tokens.bin
[ "$(wc -c <"$tokens")" -eq 4 ] || { echo "error: '$prompt' is not one token" >&2; exit 1; }
token=$(od -An -t d4 "$tokens" | tr -d ' \n')
"$one_token_logits" "$model" "$folder/vectors.gguf" "$scale" "$token" >"$folder/ours.txt"

python3 - "$folder/steered/$name.bin" "$folder/plain/$name.bin" "$folder/ours.txt" "$tolerance" "$scale" <<'END'
import array
import sys


def read_floats(path):
    values = array.array("f")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    return values


def largest_difference(first, second):
    assert len(first) == len(second) > 0, (len(first), len(second))
    return max(abs(a - b) for a, b in zip(first, second))


llama, plain = read_floats(sys.argv[1]), read_floats(sys.argv[2])
ours = [float(line) for line in open(sys.argv[3])]
tolerance = float(sys.argv[4])
difference, effect = largest_difference(llama, ours), largest_difference(llama, plain)
print(f"{len(ours)} logits at scale {sys.argv[5]}: w2s and llama.cpp differ by {difference:.2g} at most "
      f"(tolerance {tolerance:g}); the vectors move them by up to {effect:.3g}")
if difference > tolerance:
    sys.exit("error: w2s and llama.cpp apply the exported vectors differently")
if effect < 100 * tolerance:
    sys.exit("error: the vectors hardly change anything, so that agreement means nothing")
END
