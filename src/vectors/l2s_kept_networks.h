// Finished networks of an L2S fit in a folder, for a fit that is interrupted and called again.
#pragma once

#include <compare>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "vectors/l2s_network.h"
#include "w2s/vectors.h"

namespace w2s::l2s {

/// Which network: that of a steering layer which sees a context layer.
struct NetworkKey {
  std::size_t context_layer = 0;
  std::size_t layer = 0;

  friend auto operator<=>(const NetworkKey&, const NetworkKey&) = default;
};

class KeptNetworks {
 public:
  /// Keeps nothing if the options name no work folder. `training` must outlive this.
  KeptNetworks(const MethodTraining& training, const MethodOptions& options);

  /// Nothing unless there is an undamaged file that was made from the same samples with the same options.
  [[nodiscard]] std::optional<Network> read(const NetworkKey& key);

  void write(const NetworkKey& key, const Network& network);

 private:
  [[nodiscard]] std::filesystem::path path_of(const NetworkKey& key) const;
  [[nodiscard]] const std::string& origin_of(std::size_t context_layer);

  const MethodTraining* training_;
  std::filesystem::path folder_;
  std::string common_origin_;
  std::map<std::size_t, std::string> origins_;  // by context layer
};

}  // namespace w2s::l2s
