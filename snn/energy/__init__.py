"""Operations of an inference, counted exactly, and what they cost."""
