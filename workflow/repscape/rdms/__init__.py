"""RDMs: dissimilarities of activity patterns; as files and tables, and compared with one another."""
