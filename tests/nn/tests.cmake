w2s_test(nn adamw)
w2s_test(nn loss)
w2s_test(nn mlp)
w2s_test(nn training)
