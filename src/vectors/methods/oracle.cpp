// The input's own difference h(+) - h(-): what no method can know before the answer, hence an upper bound.
#include "vectors/methods/methods.h"
#include "w2s/base.h"

namespace w2s::methods {
namespace {

constexpr std::string_view file_architecture = "w2s-oracle";

class OracleSource final : public VectorSource {
 public:
  using VectorSource::VectorSource;

  [[nodiscard]] PromptNeeds needs() const override { return {.last = {}, .answers = true}; }

  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override {
    const auto row = std::span(input.difference).subspan(layer * info().width, info().width);
    return {row.begin(), row.end()};
  }

  [[nodiscard]] TensorFile to_file() const override {
    TensorFile file;
    file.metadata["general.architecture"] = std::string(file_architecture);
    return file;
  }
};

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& /*options*/, const Job&) {
  return std::make_unique<OracleSource>(training.info);
}

std::unique_ptr<VectorSource> read(const TensorFile& /*file*/, SourceInfo info) {
  if (info.layers == 0 || info.width == 0) throw Error(ErrorKind::vectors, "does not say for which model it is");
  return std::make_unique<OracleSource>(std::move(info));
}

}  // namespace

SteeringMethod oracle() {
  return {.name = "oracle",
          .summary = "each input's own difference, which is not known before its answer: an upper bound",
          .learns = false,
          .fit = &fit,
          .file_architecture = file_architecture,
          .read = &read};
}

}  // namespace w2s::methods
