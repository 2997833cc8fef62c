w2s_room_tests(nn
  TOPICS adamw l2s_net loss mlp pairwise_distances principal_axes silhouette training umap)
