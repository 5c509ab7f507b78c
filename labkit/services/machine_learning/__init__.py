"""Azure Machine Learning: the workspace, its runs, its data stores and its compute."""
