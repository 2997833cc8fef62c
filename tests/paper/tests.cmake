w2s_test(paper paper_numbers)
w2s_test(paper paper_tables)
