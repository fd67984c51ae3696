//! Findings to text, one format a file. Every format is a pure function of the sources and the outcome.
