# llama.cpp's RPC backend as the target w2s_ggml_rpc: two files beside the libraries that w2s uses, which thereby need not
# be built again. A llama.cpp that was built with it (W2S_LLAMA_OPTIONS=-DGGML_RPC=ON) brings its own.
if(TARGET llama.cpp::ggml-rpc)
  add_library(w2s_ggml_rpc INTERFACE)
  target_link_libraries(w2s_ggml_rpc INTERFACE llama.cpp::ggml-rpc)
else()
  set(ggml_source "${w2s_llama_include}/../ggml")
  add_library(w2s_ggml_rpc STATIC EXCLUDE_FROM_ALL "${ggml_source}/src/ggml-rpc/ggml-rpc.cpp"
              "${ggml_source}/src/ggml-rpc/transport.cpp")
  target_include_directories(w2s_ggml_rpc SYSTEM PUBLIC "${ggml_source}/include" PRIVATE "${ggml_source}/src")
  target_compile_options(w2s_ggml_rpc PRIVATE -w)
  set_target_properties(w2s_ggml_rpc PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
  target_link_libraries(w2s_ggml_rpc PUBLIC llama.cpp::llama PRIVATE Threads::Threads)
endif()
