w2s_test(engine chat_template)
w2s_test(engine decoder)
w2s_test(engine model)
w2s_test(engine tensor_file)
