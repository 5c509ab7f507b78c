"""The endpoints of the small Azure. Each declares operations and does what they do, and nothing else."""
