w2s_test(cluster launcher)
w2s_test(cluster cores)
