"""The history on S3 and what may be asked of it: the table's columns, and one SQL file a question."""
