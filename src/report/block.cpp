#include "report/block.h"

#include <fmt/format.h>
#include <zlib.h>

#include <new>

#include "base/base64.h"

namespace w2s::report {

std::string packed_block(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string compressed(size, '\0');
  // With room for the largest result, memory is all that can be missing.
  if (compress2(reinterpret_cast<Bytef*>(compressed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                bytes.size(), Z_BEST_COMPRESSION) != Z_OK)
    throw std::bad_alloc();
  return encode_base64(std::string_view(compressed).substr(0, size));
}

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string samples_block_id(std::size_t behavior) { return fmt::format("samples-{}", behavior); }

std::string numbers_block_id(std::size_t behavior, std::size_t method) {
  return fmt::format("numbers-{}-{}", behavior, method);
}

std::string points_block_id(std::size_t space) { return fmt::format("points-{}", space); }

}  // namespace w2s::report
