#include <fmt/format.h>

#include <stdexcept>

#include "w2s/model.h"

namespace w2s {

std::string text_or_empty(const TensorFile& file, std::string_view key) {
  const auto* text = find_value<std::string>(file, key);
  return text == nullptr ? std::string() : *text;
}

std::size_t TensorFileReader::size(std::string_view key) const { return checked_size(key, get<std::int64_t>(key)); }

std::vector<std::size_t> TensorFileReader::sizes(std::string_view key) const {
  std::vector<std::size_t> sizes;
  for (const auto value : get<std::vector<std::int64_t>>(key)) sizes.push_back(checked_size(key, value));
  return sizes;
}

const Tensor& TensorFileReader::tensor(std::string_view name) const {
  const auto found = file_.tensors.find(std::string(name));
  if (found == file_.tensors.end()) refuse(fmt::format("tensor {} is missing", name));
  return found->second;
}

Tensor TensorFileReader::tensor(std::string_view name, std::size_t dimensions) const {
  auto found = tensor(name);
  if (found.shape.size() > dimensions)
    refuse(fmt::format("tensor {} has {} dimensions instead of {}", name, found.shape.size(), dimensions));
  found.shape.insert(found.shape.begin(), dimensions - found.shape.size(), 1);
  return found;
}

void TensorFileReader::refuse(const std::string& what) const {
  refusal_(what);
  throw std::logic_error("a refusal returned");
}

void TensorFileReader::refuse_key(std::string_view key) const {
  refuse(fmt::format("{} is {}", key, has(key) ? "of another type than expected" : "missing"));
}

std::size_t TensorFileReader::checked_size(std::string_view key, std::int64_t value) const {
  if (value < 0) refuse(fmt::format("{} has the negative value {}", key, value));
  return static_cast<std::size_t>(value);
}

}  // namespace w2s
