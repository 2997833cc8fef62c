// Whatever a data file holds: it is read, or refused with an Error. For libFuzzer, after a build in BUILD:
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc -DTOML_HEADER_ONLY=0
//     fuzz/dataset_fuzz.cpp src/data/*.cpp src/base/*.cpp BUILD/src/data/builtin_files.cpp
//     -ltomlplusplus -lfmt -lcrypto -o dataset_fuzz
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/description_file.h"
#include "data/read_behavior.h"
#include "w2s/base.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(bytes), size);
  try {
    static_cast<void>(w2s::data::read_behavior(content, "fuzz.jsonl", "narcissism"));
  } catch (const w2s::Error&) {  // refused
  }
  try {
    w2s::Behavior behavior;
    w2s::data::apply_descriptions(behavior, content, "fuzz.toml");
  } catch (const w2s::Error&) {  // refused
  }
  return 0;
}
