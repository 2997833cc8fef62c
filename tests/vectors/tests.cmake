w2s_test(vectors caa)
w2s_test(vectors steering_vectors)
w2s_test(vectors tokenized_sample)
w2s_test(vectors greedy_answer nlohmann_json::nlohmann_json)
