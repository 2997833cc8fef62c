w2s_test(eval bootstrap)
w2s_test(eval evaluation)
w2s_test(eval example1)
w2s_test(eval results_json)
