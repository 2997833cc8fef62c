# Debian's package has no CMake files.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)

w2s_test(remote base64)
w2s_test(remote embedding_cache)
w2s_test(remote embedding_peer w2s::engine)
w2s_test(remote embeddings_protocol nlohmann_json::nlohmann_json)
w2s_test(remote remote_embeddings PkgConfig::httplib nlohmann_json::nlohmann_json)
w2s_test(remote retry)
