"""Running the workflow elsewhere: what jobs cost, which of them go in one submission, and Slurm. No torch."""
