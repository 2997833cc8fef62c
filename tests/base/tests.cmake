w2s_test(base file)
w2s_test(base random)
