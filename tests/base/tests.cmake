w2s_test(base file)
w2s_test(base random)
w2s_test(base parallel)
