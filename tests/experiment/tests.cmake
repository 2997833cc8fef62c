w2s_test(experiment experiment)
w2s_test(experiment experiment_config)
w2s_test(experiment study_plan)
