"""Runs notebooks without anybody in front of them: scenarios, and the recording of outputs."""
