"""The hub of the course on one machine: who may come in, as which system user, and what is collected."""
