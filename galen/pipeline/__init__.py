"""What a recommendation is: candidates, stage contracts, the pipeline and its trace."""
