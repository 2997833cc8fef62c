w2s_test(base base64)
w2s_test(base file)
w2s_test(base random)
w2s_test(base parallel)
