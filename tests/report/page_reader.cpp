#include "report/page_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>

#include "base/base64.h"

namespace w2s::test {

std::map<std::string, std::string> scripts_of(std::string_view html) {
  constexpr std::string_view begin = "<script type=\"";
  constexpr std::string_view id_begin = "\" id=\"";
  std::map<std::string, std::string> scripts;
  for (auto at = html.find(begin); at != std::string_view::npos; at = html.find(begin, at)) {
    const auto id = html.find(id_begin, at) + id_begin.size();
    const auto content = html.find("\">", id) + 2;
    const auto end = html.find("</script", content);
    const auto [script, is_new] =
        scripts.emplace(html.substr(id, content - 2 - id), html.substr(content, end - content));
    EXPECT_TRUE(is_new) << "two scripts have the id " << script->first;
    at = end;
  }
  return scripts;
}

std::string unpacked(std::string_view block) {
  auto compressed = decode_base64(block).value();
  z_stream stream = {};
  EXPECT_EQ(inflateInit(&stream), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string bytes;
  std::array<char, 1U << 16U> chunk = {};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  EXPECT_EQ(state, Z_STREAM_END);
  inflateEnd(&stream);
  return bytes;
}

}  // namespace w2s::test
